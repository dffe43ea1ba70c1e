import { createRequire } from 'node:module'
import { join } from 'node:path'

import t from 'tap'

import { exampleDirectory } from '../../scripts/backstage-setup.ts'
import { type CatalogEntity, buildModule, createImport, requireBuilt, startAuth0 } from './catalog-import.ts'

const jane = 'auth0|64f1c0ffee0000000000a001'

await buildModule(t)

/** A client that records its waits instead of waiting. */
function createClientWithoutWaits() {
  const waits: number[] = []
  const client = {
    sleep: async (ms: number) => void waits.push(ms),
    random: () => 0,
    nowMs: () => Date.now() + waits.reduce((sum, ms) => sum + ms, 0),
  }
  return { client, waits }
}

t.test('answers of 429 and 5xx during an import lose no user', async (t) => {
  const auth0 = await startAuth0(t, 400)
  const { client, waits } = createClientWithoutWaits()
  const catalog = createImport(auth0, { client })
  auth0.switches.failNext('/api/v2/users', [429, 500, 503])
  t.match(await catalog.run(), { users: 404 })
  t.same(waits, [1000, 1000, 2000], 'as long as Retry-After says, else longer each time')
})

t.test('when the rate limit is used up, the next call waits for the reset that Auth0 names', async (t) => {
  const auth0 = await startAuth0(t)
  auth0.switches.setSettings({ managementCallsPerMinute: 2 })
  const { client, waits } = createClientWithoutWaits()
  const catalog = createImport(auth0, {
    client: {
      ...client,
      sleep: async (ms: number) => {
        waits.push(ms)
        auth0.switches.setClockOffsetSeconds(Math.ceil(waits.reduce((sum, wait) => sum + wait, 0) / 1000))
      },
    },
  })
  t.match(await catalog.run(), { users: 4 })
  t.ok(waits.length > 3)
  t.ok(
    waits.every((ms) => ms <= 61_000),
    'no longer than a window',
  )
})

t.test('a clock that is an hour behind makes no call wait for an hour', async (t) => {
  const auth0 = await startAuth0(t)
  auth0.switches.setSettings({ managementCallsPerMinute: 2 })
  const waits: number[] = []
  const client = {
    nowMs: () => Date.now() - 3_600_000,
    sleep: async (ms: number) => {
      waits.push(ms)
      auth0.switches.setClockOffsetSeconds(60 * waits.length)
    },
  }
  t.match(await createImport(auth0, { client }).run(), { users: 4 })
  t.ok(Math.max(...waits) <= 120_000, 'two minutes at most')
})

t.test('an import that fails for good changes nothing', async (t) => {
  const auth0 = await startAuth0(t, 250)
  const { client } = createClientWithoutWaits()
  const catalog = createImport(auth0, { client })
  await catalog.run()
  const before = catalog.entities.size
  const gone = 'auth0|synthetic000007'
  auth0.switches.deleteUser(gone)
  for (const kind of ['refuse', 'error', 'garbage'] as const) {
    auth0.switches.down(kind, ['/api/v2/users'])
    await t.rejects(catalog.run(), { name: 'ManagementError' }, kind)
    auth0.switches.up()
    t.equal(catalog.entities.size, before)
  }
  t.match(await catalog.run(), { removed: 2 }, 'the user, and the group that had nobody else')
  t.notOk(catalog.user(gone))
})

t.test('a missing scope ends the import at once, and the error names it', async (t) => {
  const auth0 = await startAuth0(t)
  auth0.switches.setClient(auth0.management.clientId, { apiScopes: { [`${auth0.issuer}api/v2/`]: ['read:users'] } })
  await t.rejects(createImport(auth0).run(), { status: 403, message: /Insufficient scope.*read:roles/ })
})

t.test('a wrong client secret is reported as such, without a retry', async (t) => {
  const auth0 = await startAuth0(t)
  const { client, waits } = createClientWithoutWaits()
  const catalog = createImport({ ...auth0, management: { ...auth0.management, clientSecret: 'wrong' } }, { client })
  await t.rejects(catalog.run(), { status: 401, message: /no token for the Management API/ })
  t.same(waits, [])
})

t.test('a token that Auth0 no longer accepts is replaced', async (t) => {
  const auth0 = await startAuth0(t)
  const catalog = createImport(auth0)
  await catalog.run()
  await auth0.switches.rotateKeys({ revoke: true })
  t.match(await catalog.run(), { users: 4 })
})

t.test('an import that sees only half of the users keeps them all in the catalog', async (t) => {
  const auth0 = await startAuth0(t, 100)
  const catalog = createImport(auth0)
  await catalog.run()
  const people = auth0.tenant.users.splice(50)
  t.match(await catalog.run(), { removed: 0 })
  t.match(catalog.lines.at(-1), /no longer shows \d+ of the \d+ users and groups.*Nothing was removed/)
  t.equal([...catalog.entities.values()].filter(({ kind }) => kind === 'User').length, 104)
  auth0.tenant.users.push(...people)
})

t.test('a user who is missing in the search but found by id stays, since the search lags behind', async (t) => {
  const auth0 = await startAuth0(t, 100)
  const catalog = createImport(auth0)
  await catalog.run()
  auth0.switches.setSettings({ notYetIndexed: [jane] })
  t.match(await catalog.run(), { removed: 0 })
  t.ok(catalog.user(jane))
})

type Removals = {
  decideRemovals: (missing: number, existing: number, maxPercent: number) => { kind: string; percent?: number }
}

t.test('an import may always remove a few users, and many only up to a limited share', async (t) => {
  const { decideRemovals } = requireBuilt('import/removals.js') as Removals
  const table = [
    [0, 0, 20, 'allowed'],
    [10, 12, 20, 'allowed'],
    [11, 50, 20, 'too-many'],
    [20, 100, 20, 'allowed'],
    [21, 100, 20, 'too-many'],
    [11, 1000, 0, 'too-many'],
    [100, 100, 100, 'allowed'],
  ] as const
  for (const [missing, existing, limit, expected] of table) {
    t.equal(decideRemovals(missing, existing, limit).kind, expected, `${missing} of ${existing} at ${limit} %`)
  }
})

type Settings = { readSettings: (config: unknown) => { filter: object }[] }
type ConfigPackage = { ConfigReader: new (data: object) => unknown }

t.test(
  'a filter by roles or organizations that are not imported is an error at start, since no user would match',
  async (t) => {
    const { readSettings } = requireBuilt('read-settings.js') as Settings
    const { ConfigReader } = createRequire(join(exampleDirectory, 'package.json'))('@backstage/config') as ConfigPackage
    const read = (given: object) => {
      const entry = { issuer: 'https://tenant.example.com/', clientId: 'id', clientSecret: 'secret', ...given }
      return readSettings(new ConfigReader({ catalog: { providers: { auth0: { default: entry } } } }))
    }
    t.throws(() => read({ groupsFrom: ['organization'], filter: { roles: ['developer'] } }), {
      message:
        'catalog.providers.auth0.default.groupsFrom is [organization]; ' +
        'expected: role among them, since filter.roles is set',
    })
    t.throws(() => read({ groupsFrom: ['role'], filter: { roles: ['developer'], organizations: ['demo'] } }), {
      message:
        'catalog.providers.auth0.default.groupsFrom is [role]; ' +
        'expected: organization among them, since filter.organizations is set',
    })
    t.match(read({ filter: { roles: ['developer'], organizations: ['demo'] } }), [
      { filter: { roles: ['developer'], organizations: ['demo'] } },
    ])
    t.equal(read({ groupsFrom: [], filter: { query: 'blocked:false' } }).length, 1)
  },
)

t.test('an import that is cancelled while it removes people stops there', async (t) => {
  const auth0 = await startAuth0(t, 100)
  const entities = new Map<string, CatalogEntity>()
  await createImport(auth0, { entities }).run()
  for (const number of [1, 2, 3, 4, 5]) auth0.switches.deleteUser(`auth0|synthetic00000${number}`)
  const cancelled = new AbortController()
  const before = entities.size
  class Catalog extends Map<string, CatalogEntity> {
    override delete(ref: string): boolean {
      cancelled.abort()
      return super.delete(ref)
    }
  }
  const catalog = createImport(auth0, { entities: new Catalog(entities) })
  await t.rejects(catalog.run(cancelled.signal), { name: 'AbortError' })
  t.equal(catalog.entities.size, before - 1)
})
