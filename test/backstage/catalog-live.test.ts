import t from 'tap'

import { bob, jane, userOf } from '../support/auth0-people.ts'
import { buildModule, createImport, everybody, requireBuilt, startAuth0 } from './catalog-import.ts'
import type { Subject } from './catalog-import.ts'

const newcomer = userOf({ roles: ['developer'], organizations: ['org_demo'] })

await buildModule(t)

t.test('a created user appears with roles and organizations before any import', async (t) => {
  const auth0 = await startAuth0(t)
  const catalog = createImport(auth0)
  auth0.switches.createUser(newcomer)
  await catalog.refresh({ kind: 'user', id: newcomer.id })
  t.same(catalog.user(newcomer.id)?.spec.memberOf, ['group:default/developer', 'group:default/demo'])
})

t.test("with a filter by connection, too, users appear before Auth0's search finds them, and stay", async (t) => {
  const auth0 = await startAuth0(t)
  const filter = { ...everybody, connection: 'Username-Password-Authentication' }
  const catalog = createImport(auth0, { settings: { filter } })
  await catalog.run()
  auth0.switches.createUser(newcomer)
  auth0.switches.setSettings({ notYetIndexed: [newcomer.id] })
  await catalog.refresh({ kind: 'user', id: newcomer.id })
  t.ok(catalog.user(newcomer.id))
  await catalog.run()
  t.ok(catalog.user(newcomer.id))
  auth0.switches.createUser({ ...newcomer, id: 'google-oauth2|1' })
  await catalog.refresh({ kind: 'user', id: 'google-oauth2|1' })
  t.notOk(catalog.user('google-oauth2|1'), 'those of other connections do not')
})

t.test('a deleted user is removed, even if the catalog does not show them yet', async (t) => {
  const auth0 = await startAuth0(t)
  const catalog = createImport(auth0)
  await catalog.run()
  auth0.switches.deleteUser(jane)
  await catalog.refresh({ kind: 'user', id: jane })
  t.notOk(catalog.user(jane))
})

t.test('events that arrive twice, late or in the wrong order lead to the correct state', async (t) => {
  const auth0 = await startAuth0(t)
  const catalog = createImport(auth0)
  await catalog.run()
  auth0.switches.createUser(newcomer)
  auth0.switches.deleteUser(newcomer.id)
  // "created" after "deleted": Auth0 has no such user, and that decides.
  await catalog.refresh({ kind: 'user', id: newcomer.id })
  await catalog.refresh({ kind: 'user', id: newcomer.id })
  t.notOk(catalog.user(newcomer.id))
})

t.test('renaming or deleting an organization renames or deletes its Group', async (t) => {
  const auth0 = await startAuth0(t)
  const catalog = createImport(auth0)
  await catalog.run()
  const [demo] = auth0.tenant.organizations
  if (demo) demo.name = 'renamed'
  await catalog.refresh({ kind: 'organization', id: 'org_demo' })
  t.ok(catalog.entities.get('group:default/renamed'))
  t.notOk(catalog.entities.get('group:default/demo'))
  auth0.tenant.organizations.shift()
  catalog.restart()
  await catalog.refresh({ kind: 'organization', id: 'org_demo' })
  t.notOk(catalog.entities.get('group:default/renamed'))
})

t.test('an event cannot give a user the entity name of another one, even after a restart', async (t) => {
  const auth0 = await startAuth0(t)
  const catalog = createImport(auth0, { settings: { nameFrom: 'nickname' } })
  await catalog.run()
  catalog.restart()
  auth0.switches.createUser({ ...newcomer, nickname: 'jane' })
  await catalog.refresh({ kind: 'user', id: newcomer.id })
  t.equal(catalog.entities.get('user:default/jane')?.metadata.annotations['auth0.com/user-id'], jane)
  t.match(catalog.lines.at(-1), `user:default/jane is user ${jane} already`)
})

t.test('an entity left out for its name does not get it by an event after a restart, nor do its members', async (t) => {
  const auth0 = await startAuth0(t)
  auth0.tenant.organizations.push({ id: 'org_tools', name: 'tools', displayName: 'Tools' })
  auth0.switches.createUser({ ...newcomer, id: 'auth0|member', roles: [], organizations: ['org_tools'] })
  const catalog = createImport(auth0)
  await catalog.run()
  auth0.switches.createUser({ ...newcomer, roles: ['tools'], organizations: [] })
  catalog.restart()
  for (const id of [newcomer.id, 'auth0|member']) await catalog.refresh({ kind: 'user', id })
  t.same(catalog.user(newcomer.id)?.spec.memberOf, [])
  t.same(catalog.user('auth0|member')?.spec.memberOf, ['group:default/tools'])
})

t.test('a user whose entity name changes leaves no second entity behind', async (t) => {
  const auth0 = await startAuth0(t)
  const catalog = createImport(auth0, { settings: { nameFrom: 'nickname' } })
  await catalog.run()
  auth0.switches.setUser(jane, { nickname: 'jane.doe' })
  await catalog.refresh({ kind: 'user', id: jane })
  t.notOk(catalog.entities.get('user:default/jane'))
  t.ok(catalog.entities.get('user:default/jane.doe'))
})

/** Two instances of a backend with one catalog. Jane's entity name has become Bob's, and only the first instance knows. */
async function startTwoInstances(t: { teardown: (end: () => Promise<void>) => void }) {
  const auth0 = await startAuth0(t)
  const settings = { nameFrom: 'nickname' } as const
  const first = createImport(auth0, { settings })
  const second = createImport(auth0, { settings, entities: first.entities })
  await first.run()
  await second.run()
  auth0.switches.setUser(jane, { nickname: 'jane.doe' })
  await first.refresh({ kind: 'user', id: jane })
  auth0.switches.setUser(bob, { nickname: 'jane' })
  await first.refresh({ kind: 'user', id: bob })
  return { auth0, second }
}

t.test('an import keeps a user whose entity name was assigned by another instance of the backend', async (t) => {
  const { second } = await startTwoInstances(t)
  t.match(await second.run(), { users: 4, removed: 0 })
  t.equal(second.entities.get('user:default/jane')?.metadata.annotations['auth0.com/user-id'], bob)
})

t.test('an event applies to a user whose entity name was assigned by another instance', async (t) => {
  const { auth0, second } = await startTwoInstances(t)
  auth0.switches.setUser(bob, { name: 'Robert' })
  await second.refresh({ kind: 'user', id: bob })
  t.match(second.entities.get('user:default/jane'), { spec: { profile: { displayName: 'Robert' } } })
})

type Live = {
  parseEvent: (payload: unknown) => { id: string; subject: Subject | undefined } | undefined
  hasBearer: (header: string | string[] | undefined, tokens: string[]) => boolean
  createEventQueue: (
    refresh: (subject: Subject) => Promise<void>,
    logger: { error: (line: string) => void },
  ) => { accept: (event: { id: string; subject: Subject | undefined }) => void; settled: () => Promise<void> }
  readMessages: (body: AsyncIterable<Uint8Array>) => AsyncIterable<{ event: string; data: string }>
}

const { parseEvent } = requireBuilt('live/event.js') as Live
const { hasBearer } = requireBuilt('live/bearer.js') as Live
const { createEventQueue } = requireBuilt('live/queue.js') as Live
const { readMessages } = requireBuilt('live/sse.js') as Live

const event = (type: string, object: object) => ({ id: 'evt_1', type, data: { object } })

const events = [
  ['a user', event('user.updated', { user_id: jane }), { kind: 'user', id: jane }],
  ['an organization', event('organization.deleted', { id: 'org_1' }), { kind: 'organization', id: 'org_1' }],
  ['a group', event('group.created', { id: 'grp_1' }), { kind: 'group', id: 'grp_1' }],
  [
    'a member of an organization',
    event('organization.member.added', { organization: { id: 'org_1' }, user: { user_id: jane } }),
    { kind: 'user', id: jane },
  ],
  [
    'a member of a group',
    event('group.member.deleted', { group: {}, member: { id: jane } }),
    { kind: 'user', id: jane },
  ],
  ['a connection of an organization', event('organization.connection.added', { id: 'con_1' }), undefined],
  ['a user without id', event('user.created', {}), undefined],
] as const

for (const [what, payload, expected] of events) {
  t.test(
    `an event about ${what} refers to ${expected ? `${expected.kind} ${expected.id}` : 'no entity'}`,
    async (t) => {
      t.same(parseEvent(payload)?.subject, expected)
    },
  )
}

t.test('an invalid event is ignored', async (t) => {
  for (const payload of [undefined, null, 'user.created', {}, { id: '', type: 'user.created', data: { object: {} } }]) {
    t.equal(parseEvent(payload), undefined)
  }
})

t.test('a webhook call needs exactly one of the bearer tokens', async (t) => {
  const tokens = ['first'.repeat(8), 'second'.repeat(8)]
  for (const token of tokens) t.equal(hasBearer(`Bearer ${token}`, tokens), true)
  const refused = [undefined, '', 'Bearer ', `Basic ${tokens[0]}`, `Bearer ${tokens[0]}x`, [`Bearer ${tokens[0]}`]]
  for (const header of refused) t.equal(hasBearer(header, tokens), false, String(header))
  t.equal(hasBearer('Bearer x', []), false)
})

t.test(
  'each event is handled once, several about one user are merged, and a failure does not stop the queue',
  async (t) => {
    const refreshed: string[] = []
    const errors: string[] = []
    const refresh = async ({ id }: Subject) => {
      refreshed.push(id)
      if (id === 'broken') throw new Error('Auth0 is away')
    }
    const queue = createEventQueue(refresh, { error: (line) => void errors.push(line) })
    queue.accept({ id: '1', subject: { kind: 'user', id: 'broken' } })
    for (const id of ['2', '3', '2']) queue.accept({ id, subject: { kind: 'user', id: jane } })
    queue.accept({ id: '4', subject: undefined })
    await queue.settled()
    t.same(refreshed, ['broken', jane])
    t.match(errors, [/user broken until the next import.*Auth0 is away/])
    queue.accept({ id: '5', subject: { kind: 'user', id: 'later' } })
    await queue.settled()
    t.equal(refreshed.at(-1), 'later')
  },
)

t.test('an event stream is read however its bytes are split', async (t) => {
  const text = ':hello\n\nretry: 1\n\nevent: user.created\r\nid: 1\r\ndata: {"a":\ndata: "ü"}\r\n\r\ndata: last\n\n'
  const bytes = new TextEncoder().encode(text)
  async function* cut(size: number) {
    for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
  }
  for (const size of [1, 2, 7, 1000]) {
    const messages = []
    for await (const message of readMessages(cut(size))) messages.push(message)
    t.same(messages, [
      { event: 'user.created', data: '{"a":\n"ü"}' },
      { event: 'message', data: 'last' },
    ])
  }
})
