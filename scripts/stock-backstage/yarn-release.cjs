/**
 * A plugin for the stock app's Yarn: the app and Backstage's packages get the Backstage packages of one release. Of which
 * ones, `create-app` knows for the most; for the others, each package asks for `^1.2.3` where 1.2.3 is the one that it was
 * released with, and Yarn would take the newest. Where a registry lacks a version, the one before it, which asks for nothing
 * that the release has not, or else the next. What other packages ask for, ours among them, stays as it is.
 */
const release = require('./backstage-release.json')

module.exports = {
  name: 'backstage-release',
  factory: (require) => ({
    hooks: {
      async reduceDependency(dependency, _project, locator, _initial, { resolver, resolveOptions }) {
        const isOfRelease = locator.scope === 'backstage' || locator.reference.startsWith('workspace:')
        const [, version] = /^(?:npm:)?\^(.+)$/.exec(dependency.range) ?? []
        if (!isOfRelease || dependency.scope !== 'backstage' || version === undefined) return dependency
        const { structUtils } = require('@yarnpkg/core')
        const wanted = release[structUtils.stringifyIdent(dependency)] ?? version
        const candidates = async (range) => {
          const asked = structUtils.makeDescriptor(dependency, `npm:${range}${wanted}`)
          return resolver.getCandidates(asked, {}, resolveOptions)
        }
        // The newest comes first.
        const found = (await candidates('<='))[0] ?? (await candidates('>=')).at(-1)
        return structUtils.makeDescriptor(dependency, found?.reference ?? dependency.range)
      },
    },
  }),
}
