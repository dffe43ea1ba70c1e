import t from 'tap'

import { defaultUpstream, upstreamOfRule } from '../../src/config/upstream-of-rule.ts'

const named = (names: string[]) => Object.fromEntries(names.map((name) => [name, {}]))

const defaults: [string, string[], string | undefined][] = [
  ['the only one', ['web'], 'web'],
  ['backstage among several', ['web', 'backstage'], 'backstage'],
  ['none of several', ['web', 'docs'], undefined],
]
for (const [what, names, expected] of defaults) {
  t.test(`rules that name no upstream go to ${what}`, async (t) => {
    t.equal(defaultUpstream(named(names)), expected)
  })
}

t.test('a rule goes to the upstream that it names, else to the default one', async (t) => {
  t.equal(upstreamOfRule({ upstream: 'docs' }, named(['backstage', 'docs'])), 'docs')
  t.equal(upstreamOfRule({}, named(['web'])), 'web')
  t.equal(upstreamOfRule({}, {}), 'backstage', 'rules are tested without upstreams, too')
})
