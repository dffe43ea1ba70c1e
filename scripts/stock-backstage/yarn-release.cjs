/**
 * A plugin for the stock app's Yarn: the app and Backstage's packages get the Backstage packages of one release. Of which
 * ones, `create-app` knows for the most; for the others, each package asks for `^1.2.3` where 1.2.3 is the one that it was
 * released with, and Yarn would take the newest. Where a registry lacks a version, a compatible one: the one before
 * it, which asks for nothing that the release has not, or else the next. Only then one that is not compatible. What other
 * packages ask for, ours among them, stays as it is.
 */
const release = require('./backstage-release.json')

/** By semantic versioning: 1.2.3 is compatible from 1.0.0 on, 0.2.3 from 0.2.0 on. */
const oldestCompatible = (version) => {
  const [major, minor] = version.split('.')
  return major === '0' ? `0.${minor}.0` : `${major}.0.0`
}

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
          const asked = structUtils.makeDescriptor(dependency, `npm:${range}`)
          return resolver.getCandidates(asked, {}, resolveOptions)
        }
        // Of each range, the newest comes first.
        const found =
          (await candidates(`${oldestCompatible(wanted)} - ${wanted}`))[0] ??
          (await candidates(`^${wanted}`)).at(-1) ??
          (await candidates(`<=${wanted}`))[0] ??
          (await candidates(`>=${wanted}`)).at(-1)
        return structUtils.makeDescriptor(dependency, found?.reference ?? dependency.range)
      },
    },
  }),
}
