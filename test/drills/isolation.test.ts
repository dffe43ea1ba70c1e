import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, type JWK, jwtVerify } from 'jose'
import t from 'tap'
import { Agent, request } from 'undici'

import { createKeyEditor } from '../support/aged-keys.ts'
import { createSessionEditor } from '../support/aged-sessions.ts'
import { createBrowser } from '../support/browser.ts'
import { replicaSecret, type Replicas, startReplicas } from '../support/replicas.ts'
import { passLoginPage } from '../support/stack.ts'
import { until } from '../support/until.ts'
import { countResources, createLeakCheck } from './resources.ts'
import { startReport } from './support.ts'

type Person = { email: string; organization: string; cookie: string }

/** As `auth0/local/seed.ts` has them. */
const ids: Record<string, string> = {
  'jane@example.com': 'auth0|64f1c0ffee0000000000a001',
  'max@example.com': 'auth0|64f1c0ffee0000000000a002',
}
const concurrent = 200
const aDayMs = 86_400_000

t.test(
  'with two people of two organizations at three processes, no request carries the identity of the other person',
  { timeout: 3_600_000 },
  async (t) => {
    const sections = { assertion: { keys: { store: 'redis' } }, admin: { allow: { roles: ['stagedoor-admin'] } } }
    const leaks = await createLeakCheck(
      t,
      () => stack,
      () => report,
    )
    const stack = await startReplicas(t, 3, {}, { sections, preload: [countResources] })
    const people = [
      await signIn(stack, 'jane@example.com', 'org_demo'),
      await signIn(stack, 'max@example.com', 'org_other'),
    ]
    const [admin] = people as [Person, Person]
    const editor = await createSessionEditor(t, stack.redis.url, replicaSecret)
    const keyEditor = await createKeyEditor(t, stack.redis.url, replicaSecret)
    const report = startReport(t, 'isolation')
    const keys = createRemoteJWKSet(new URL(`${stack.all[0]?.url}/.stagedoor/jwks.json`), {
      cooldownDuration: 0,
      timeoutDuration: 60_000,
    })
    const dispatcher = new Agent({ connections: 2 * concurrent })
    const mixed: string[] = []
    const kids = new Set<string>()
    let wasDisturbed = false
    let nextRotationAtMs = 0

    async function askOn(person: Person, id: number): Promise<void> {
      for (let turn = 0; report.hasTime() || !wasDisturbed; turn += 1) {
        const url = stack.all[(id + turn) % stack.all.length]?.url ?? ''
        const path = `/api/${person.organization}-${id}-${turn}`
        const headers = { cookie: person.cookie, accept: 'application/json', 'sec-fetch-mode': 'cors' }
        const answer = await request(url + path, { headers, dispatcher })
        const text = await answer.body.text()
        report.requests += 1
        if (answer.statusCode !== 200) mixed.push(`${answer.statusCode} ${text}`)
        else await compare(person, path, text)
      }
    }

    async function compare(person: Person, path: string, text: string): Promise<void> {
      const seen = JSON.parse(text) as { url: string; headers: Record<string, string> }
      const assertion = seen.headers['x-stagedoor-assertion'] ?? ''
      const { kid = '' } = decodeProtectedHeader(assertion)
      // Check that each key is published. Other tests verify the signatures.
      if (!kids.has(kid)) await jwtVerify(assertion, keys)
      kids.add(kid)
      const payload = decodeJwt(assertion)
      const isOwn = seen.url === path && payload['email'] === person.email && payload['org_id'] === person.organization
      if (!isOwn) mixed.push(`${person.email} asked for ${path}: ${seen.url} ${JSON.stringify(payload)}`)
    }

    async function disturb(): Promise<void> {
      do {
        // Rotate no faster than a provider: clients fetch unknown keys only from time to time.
        if (performance.now() > nextRotationAtMs) {
          await stack.auth0.switches.rotateKeys()
          nextRotationAtMs = performance.now() + 120_000
        }
        await until(() => doAllPublishTheSame(stack))
        await keyEditor.age(aDayMs)
        await rotateAssertionKeys(stack, admin)
        // A new session gets a new assertion; existing sessions keep theirs until it expires.
        for (const person of people) person.cookie = await cookieOf(stack, person)
        for (const { cookie } of people) await editor.age(cookie, aDayMs / 100)
        report.faults += 6
        // The next requests see the change.
        const asked = report.requests + people.length * concurrent
        await until(() => report.requests >= asked || (wasDisturbed && !report.hasTime()))
        wasDisturbed = true
      } while (report.hasTime())
    }

    const before = await Promise.all(stack.all.map((replica) => leaks.measureAtRest(replica)))
    const refreshesBefore = stack.auth0.counters.tokenRefreshToken
    // Send requests in turn, so that leftovers of one meet the other person's next request.
    const askers = Array.from({ length: concurrent }, (_, id) => people.map((person) => askOn(person, id))).flat()
    await Promise.all([...askers, disturb()])
    await dispatcher.destroy()
    report.failures = mixed.length
    t.same(mixed.slice(0, 3), [], `${report.requests} requests`)
    t.ok(
      stack.auth0.counters.tokenRefreshToken > refreshesBefore,
      `${stack.auth0.counters.tokenRefreshToken} refreshes`,
    )
    t.ok(kids.size > 1, `${kids.size} keys signed`)
    await Promise.all(stack.all.map((replica, i) => leaks.judge(replica, before[i])))
  },
)

async function signIn(stack: Replicas, email: string, organization: string): Promise<Person> {
  stack.auth0.switches.setOrganizations(ids[email] ?? '', [organization])
  return { email, organization, cookie: await cookieOf(stack, { email, organization }) }
}

async function cookieOf(stack: Replicas, { email, organization }: Omit<Person, 'cookie'>): Promise<string> {
  const baseUrl = (stack.all[0]?.url ?? '').replace('127.0.0.1', 'localhost')
  const browser = createBrowser()
  const login = `${baseUrl}/.stagedoor/login?organization=${organization}&return_to=/`
  await passLoginPage(await browser.open(login), browser, email)
  return `stagedoor=${browser.cookiesOf(baseUrl).get('stagedoor')}`
}

async function doAllPublishTheSame({ all }: Replicas): Promise<boolean> {
  const sets = await Promise.all(
    all.map(async ({ url }) => (await request(`${url}/.stagedoor/jwks.json`)).body.json() as Promise<{ keys: JWK[] }>),
  )
  return new Set(sets.map(({ keys }) => keys.map(({ kid }) => kid).join())).size === 1
}

/** Rotates the keys at one process. The others learn of it through Redis. */
async function rotateAssertionKeys(stack: Replicas, { cookie }: Person): Promise<void> {
  const url = stack.all[0]?.url ?? ''
  const headers = {
    cookie,
    'content-type': 'application/json',
    origin: url.replace('127.0.0.1', 'localhost'),
    'sec-fetch-site': 'same-origin',
  }
  const answer = await request(`${url}/.stagedoor/admin/keys/rotate`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ purpose: 'assertion' }),
  })
  const text = await answer.body.text()
  if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${text}`)
}
