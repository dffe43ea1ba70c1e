import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t, { type Test } from 'tap'

import { Verifier } from '../../../src/audit/verify-trail.ts'
import { createSessionEditor } from '../../support/aged-sessions.ts'
import { type Cluster, clusterSecret, startCluster } from '../../support/cluster.ts'
import { startOtlpReceiver } from '../../support/otlp-receiver.ts'
import { freePort } from '../../support/ports.ts'
import { startRedis, type TestRedis } from '../../support/redis.ts'
import { sessionOf } from '../../support/sessions.ts'
import { openAnswer, openSocket, startStreamingOrigin } from '../../support/streams.ts'
import { until } from '../../support/until.ts'
import { answersTo, changesIn, hangUp, sizes } from './changed-rules.ts'

const management = { clientId: 'stagedoor-management', clientSecret: 'stagedoor-management-secret-for-local-use-only' }

// Starting is slow: all tests share one cluster.
for (const workers of sizes) {
  t.test(`${workers} workers`, async (t) => {
    const upstream = await startStreamingOrigin(t)
    const cluster = await startCluster(t, { workers, upstreamUrl: upstream.url, logLevel: 'warn' })
    const cookie = await cluster.signIn()
    const open = [
      await openSocket(t, `${cluster.baseUrl}/socket`, cookie),
      await openAnswer(t, `${cluster.baseUrl}/stream`, cookie),
      await openAnswer(t, `${cluster.baseUrl}/download`, cookie),
    ]
    const stack = { cluster, workers, cookie }
    await t.test('traces go to the new collector', (t) => moveCollector(t, stack))
    await t.test('the trail continues in the new file, and both files together verify', (t) => moveTrail(t, stack))
    await t.test('when another process starts to read the events of Auth0, no event is missed', (t) =>
      moveEvents(t, stack),
    )
    await t.test('ended sessions stay ended when the lifetime of sessions changes', (t) => changeLifetime(t, stack))
    if (workers === 1) {
      await t.test('the signing key follows its file', (t) => moveKeys(t, stack))
    }
    await t.test('a new Redis replaces the first, and no connection to the first stays open', (t) =>
      moveRedis(t, stack),
    )
    t.same(
      open.map((each) => each.isOpen()),
      [true, true, true],
      'through all of it sockets, event streams and downloads stay open',
    )
    if (workers === 1) {
      await t.test('ended sessions stay ended when Redis is added', (t) => bringRedis(t, stack))
    }
  })
}

type SharedStack = { cluster: Cluster; workers: number; cookie: string }

/** Puts sections in force in addition to those of the cluster's start. */
async function take(stack: SharedStack, sections: Record<string, object>): Promise<void> {
  await stack.cluster.rewriteConfig(sections)
  await hangUp(stack.cluster, stack.workers)
}

/** Reloads with sections that cannot take effect. Nothing changes; log, readiness, metrics and trail report the refusal. */
async function refuse(t: Test, stack: SharedStack, sections: Record<string, object>, reason: RegExp): Promise<void> {
  const { cluster, workers, cookie } = stack
  const loggedBefore = cluster.logged.length
  await cluster.rewriteConfig(sections)
  await hangUp(cluster, workers, 'refused')
  const said = () =>
    cluster.logged.slice(loggedBefore).find((line) => /the old one stays in force/.test(String(line['msg'])))
  await until(() => said() !== undefined)
  t.match(said(), { level: 'error', reason })
  const { status, conditions } = JSON.parse((await cluster.ready()).text)
  t.match([status, conditions.at(-1)], ['degraded', { name: 'configuration', reason }])
  t.match(await cluster.metrics(), 'stagedoor_config_last_reload_successful 0')
  t.match(changesIn(cluster).at(-1), { what: 'configuration', action: 'refused' })
  t.same(await answersTo(cluster, '/catalog', cookie), new Set([200]))
}

async function temporaryFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-moved-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function moveCollector(t: Test, stack: SharedStack): Promise<void> {
  const { cluster, cookie } = stack
  const [former, next] = [await startOtlpReceiver(t), await startOtlpReceiver(t)]
  const to = (endpoint: string) => ({ telemetry: { otlp: { endpoint, protocol: 'http/json', sampleRatio: 1 } } })
  await take(stack, to(former.url))
  await answersTo(cluster, '/to-the-former', cookie)
  await take(stack, to(next.url))
  await answersTo(cluster, '/to-the-next', cookie)
  const pathsAt = ({ spans }: typeof former) =>
    new Set(
      spans.flatMap(({ attributes }) =>
        attributes.filter(({ key }) => key === 'url.path').map(({ value }) => String(value.stringValue)),
      ),
    )
  await until(() => pathsAt(next).has('/to-the-next') && pathsAt(former).has('/to-the-former'))
  t.notOk(pathsAt(next).has('/to-the-former'), 'what was waiting went to where it was meant for')
  t.notOk(pathsAt(former).has('/to-the-next'))
  await take(stack, {})
  const counts = [former.spans.length, next.spans.length]
  await answersTo(cluster, '/to-nobody', cookie)
  t.same([former.spans.length, next.spans.length], counts, 'and then nobody is sent any')
}

async function moveTrail(t: Test, stack: SharedStack): Promise<void> {
  const { cluster, cookie } = stack
  const folder = await temporaryFolder(t)
  const [former, next] = [join(folder, 'former.jsonl'), join(folder, 'next.jsonl')]
  const keys = { store: 'redis' }
  const into = (...paths: string[]) => ({
    audit: { keys, sinks: [{ stdout: {} }, ...paths.map((path) => ({ file: { path, fsync: 'never' } }))] },
  })
  await take(stack, into(former))
  await answersTo(cluster, '/in-the-former', cookie)
  await take(stack, into(next))
  await answersTo(cluster, '/in-the-next', cookie)
  await take(stack, into())
  await answersTo(cluster, '/in-none', cookie)

  const texts = await Promise.all([former, next].map((file) => readFile(file, 'utf8')))
  const verifier = new Verifier({ keys: JSON.parse((await cluster.ask('/.stagedoor/audit/jwks.json')).text).keys })
  for (const [i, text] of texts.entries()) {
    for (const [at, line] of text.split('\n').entries()) verifier.line(line, `file ${i}:${at + 1}`, i === 0)
  }
  const { faults, writers } = verifier.end()
  t.same([faults, writers], [[], stack.workers])
  const has = (path: string) => texts.map((text) => text.includes(`"${path}"`))
  t.same(
    [has('/in-the-former'), has('/in-the-next'), has('/in-none')],
    [
      [true, false],
      [false, true],
      [false, false],
    ],
  )

  const impossible = join(cluster.file, 'below-a-file.jsonl')
  await refuse(t, stack, into(impossible), /cannot be written to .*below-a-file\.jsonl: (?:EEXIST|ENOTDIR)/)
}

async function moveEvents(t: Test, stack: SharedStack): Promise<void> {
  const { cluster, workers } = stack
  const { auth0 } = cluster
  const reading = (timeout: string) => ({
    auth0: { ...cluster.config['auth0'], timeout, events: { pull: management } },
  })
  const max = auth0.users.find(({ email }) => email === 'max@example.com')?.id ?? ''
  let most = 0
  const errorsBefore = cluster.errors().length
  await take(stack, reading('5s'))
  await until(() => auth0.eventStreams() === 1)
  for (const timeout of ['6s', '7s']) {
    const cookie = await cluster.signIn('max@example.com')
    await take(stack, reading(timeout))
    // No process may be reading at this moment.
    await auth0.switches.blockUser(max)
    most = Math.max(most, auth0.eventStreams())
    // The end of a session cuts off its requests under way and its streams.
    await until(async () => (await answersTo(cluster, '/catalog', cookie).catch(() => new Set())).has(401))
    await auth0.switches.blockUser(max, false)
    await until(() => auth0.eventStreams() === 1)
  }
  t.ok(most <= 1, 'one reads at a time')
  const wrong = { pull: { ...management, clientSecret: 'a wrong one' } }
  await take(stack, { auth0: { ...cluster.config['auth0'], events: wrong } })
  await until(async () => {
    const { conditions } = JSON.parse((await cluster.ready()).text) as {
      conditions: { name: string; status: string }[]
    }
    return conditions.find(({ name }) => name === 'auth0-events')?.status === 'degraded'
  })
  await take(stack, {})
  await until(() => auth0.eventStreams() === 0)
  t.same(cluster.errors().slice(errorsBefore), [], `${workers} workers`)
}

async function changeLifetime(t: Test, stack: SharedStack): Promise<void> {
  const { cluster, cookie } = stack
  const ended = await cluster.signIn()
  const form = { cookie: ended, origin: cluster.baseUrl, 'sec-fetch-site': 'same-origin' }
  await cluster.ask('/.stagedoor/logout', form, 'POST')
  for (const absoluteTimeout of ['1h', '20h']) {
    await take(stack, { session: { ...cluster.config['session'], idleTimeout: '1h', absoluteTimeout } })
    t.same(await answersTo(cluster, '/catalog', ended), new Set([401]), absoluteTimeout)
    t.same(await answersTo(cluster, '/catalog', cookie), new Set([200]), absoluteTimeout)
  }
  // The revocation is stored for the 12 hours of the previous configuration; new sessions may live longer.
  const marks = await cluster.redis.command('ZRANGE stagedoor:marks 0 -1 WITHSCORES')
  const until = Math.max(...[...marks.matchAll(/\d{13,}/g)].map(Number))
  t.ok(until > Date.now() + 20 * 3_600_000, 'its mark outlives every session')
}

async function moveKeys(t: Test, stack: SharedStack): Promise<void> {
  const { cluster } = stack
  const folder = await temporaryFolder(t)
  const kidsOf = async () => (await cluster.ask('/.stagedoor/jwks.json')).text
  const before = await kidsOf()
  const at = (path: string) => ({ assertion: { keys: { store: 'file', path } } })
  for (const name of ['former.json', 'next.json']) {
    await take(stack, at(join(folder, name)))
    t.equal(await kidsOf(), before, name)
    const { current } = JSON.parse(await readFile(join(folder, name), 'utf8'))
    t.ok(before.includes(`"${current.kid}"`), 'the file has them')
  }
  await refuse(t, stack, at(join(cluster.file, 'below-a-file.json')), /EEXIST|ENOTDIR/)
  await writeFile(join(folder, 'broken.json'), '{ "keys": ')
  await refuse(t, stack, at(join(folder, 'broken.json')), /broken\.json/)
  t.equal(await kidsOf(), before)
}

async function moveRedis(t: Test, stack: SharedStack): Promise<void> {
  const { cluster, workers } = stack
  const next = await startRedis(t)
  await next.command('CONFIG SET requirepass changed')
  const url = next.url.replace('//', '//:changed@')
  const at = (redis: object) => ({ session: { ...cluster.config['session'], redis } })
  await take(stack, {})
  const usual = await connectionsTo(cluster.redis)

  await refuse(t, stack, at({ url: `redis://127.0.0.1:${await freePort()}` }), /Redis cannot be reached/)
  await refuse(t, stack, at({ url: next.url.replace('//', '//:wrong@') }), /Redis cannot be reached/)
  t.equal(await connectionsTo(cluster.redis), usual)

  for (let turn = 0; turn < 3; turn += 1) {
    await take(stack, at({ url }))
    await until(async () => (await connectionsTo(cluster.redis)) === 0)
    await take(stack, {})
    await until(async () => (await connectionsTo(cluster.redis)) === usual)
  }

  await take(stack, at({ url }))
  const editor = await createSessionEditor(t, url, clusterSecret)
  const cookie = `stagedoor=${await editor.begin(sessionOf({ issuer: cluster.auth0.issuer }))}`
  t.same(await answersTo(cluster, '/catalog', cookie), new Set([200]), 'sessions are found where they are now')
  const form = { cookie, origin: cluster.baseUrl, 'sec-fetch-site': 'same-origin' }
  await cluster.ask('/.stagedoor/logout', form, 'POST')
  await until(async () => !(await answersTo(cluster, '/catalog', cookie)).has(200))
  t.same(await answersTo(cluster, '/catalog', cookie), new Set([401]), 'every process has heard of its end there')
  t.match(JSON.parse((await cluster.ready()).text), { status: 'ok' }, `${workers} workers`)
  t.match(await cluster.redis.command('PUBSUB CHANNELS'), /^\*0/, 'nobody listens at the former')
  await take(stack, {})
}

/** Counts the connections other than the one that asks. */
async function connectionsTo(redis: TestRedis): Promise<number> {
  const text = await redis.command('CLIENT LIST')
  return text.split('\n').filter((line) => line.startsWith('id=') && !line.includes('cmd=client')).length
}

async function bringRedis(t: Test, stack: SharedStack): Promise<void> {
  const { cluster } = stack
  const { secrets } = cluster.config['session'] as { secrets: string[] }
  // YAML would write one object three times as an alias.
  const keys = () => ({ keys: { store: 'memory' } })
  const alone = { assertion: keys(), machines: keys(), audit: keys() }
  await take(stack, { ...alone, session: { store: 'cookie', secrets } })
  const [ended, living] = [await cluster.signIn(), await cluster.signIn()]
  const form = { cookie: ended, origin: cluster.baseUrl, 'sec-fetch-site': 'same-origin' }
  await cluster.ask('/.stagedoor/logout', form, 'POST')
  t.equal((await cluster.ask('/catalog', { cookie: ended })).status, 401)
  await take(stack, { ...alone, session: { store: 'cookie', secrets, redis: { url: cluster.redis.url } } })
  t.equal((await cluster.ask('/catalog', { cookie: ended })).status, 401)
  t.equal((await cluster.ask('/catalog', { cookie: living })).status, 200)
}
