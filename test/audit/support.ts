import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock } from 'node:test'

import type { JWK } from 'jose'
import type { Test } from 'tap'

import { createChain } from '../../src/audit/chain.ts'
import { signCheckpoint } from '../../src/audit/checkpoint-jws.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import type { Sink } from '../../src/audit/sinks/sink.ts'
import { Verifier, type Verdict } from '../../src/audit/verify-trail.ts'
import type { RequestFacts } from '../../src/boundary/facts.ts'
import type { MachinePrincipal, UserPrincipal } from '../../src/identity/principal.ts'

export const epoch = '1970-01-01T00:00:00.000Z'

export const facts: RequestFacts = {
  requestId: 'r-1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  method: 'GET',
  path: '/catalog',
  query: '?code=secret',
  host: 'portal.example.com',
  protocol: 'https',
  clientIp: '203.0.113.9',
  isNavigation: true,
  isUpgrade: false,
}

export const jane: UserPrincipal = {
  kind: 'user',
  issuer: 'https://t/',
  subject: 'auth0|jane',
  sessionId: 'ref',
  claims: { email: 'jane@example.com', name: 'Jane Doe', roles: ['sre'], groups: [], permissions: [], org_id: 'org_1' },
  amr: [],
}

export const robot: MachinePrincipal = {
  kind: 'machine',
  issuer: 'https://t/',
  subject: 'client@clients',
  clientId: 'client',
  scopes: [],
  permissions: [],
  expiresAt: 0,
  claims: {},
}

export const decided: AuditEvent = {
  event: 'decision',
  facts,
  principal: jane,
  decision: { effect: 'allow', rule: 'everything', upstream: 'backstage' },
  status: 200,
  durationMs: 1.5,
}

/** A key that signs checkpoints, and its public half. */
export function checkpointKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const kid = randomUUID()
  const publicJwk = { ...publicKey.export({ format: 'jwk' }), kid } as JWK
  return { kid, privateKey, publicJwk }
}

/** Lines of one writer: a start, decisions, a stop and a signed checkpoint over all of it. */
export function trailOf(writer: string, decisions: number, key = checkpointKey()) {
  const chain = createChain(writer)
  const process = { config: 'c', key: key.kid, pid: 1, secrets: 's', version: '0' }
  const lines = [chain.append({ event: 'start', process, previous: [] }, epoch)]
  for (let i = 0; i < decisions; i += 1) lines.push(chain.append(decided, epoch))
  lines.push(chain.append({ event: 'stop' }, epoch))
  const checkpoint = signCheckpoint({ ...chain.head(), at: epoch }, key)
  lines.push(chain.append({ event: 'checkpoint', checkpoint }, epoch))
  return { lines, checkpoint, chain, key }
}

export function verdictOn(
  lines: readonly string[],
  options: Partial<ConstructorParameters<typeof Verifier>[0]> = {},
): Verdict {
  const verifier = new Verifier({ keys: [], ...options })
  for (const [index, line] of lines.entries()) verifier.line(line, `line ${index + 1}`)
  return verifier.end()
}

/** The faults as text. */
export function faultsOf(...given: Parameters<typeof verdictOn>): string[] {
  return verdictOn(...given).faults.map(({ place, text }) => `${place}: ${text}`)
}

/** A sink that keeps lines in memory, and fails while the test wants it to. */
export function memorySink(onFailure: 'block' | 'continue' = 'block') {
  const lines: string[] = []
  const state = { fails: false, isClosed: false }
  const sink: Sink = {
    name: 'memory',
    onFailure,
    take(more) {
      if (state.isClosed) throw new Error('closed')
      lines.push(...more)
    },
    async settled() {
      if (state.fails) throw new Error('failing on demand')
    },
    status: () => ({ reason: state.fails ? 'failing on demand' : undefined, waiting: 0, lost: 0 }),
    close: async () => void (state.isClosed = true),
  }
  const records = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  return { sink, lines, state, records }
}

export async function temporaryFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-audit-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Intervals that the test advances. Call this before creating the parts that use them. */
export function mockTimers(t: Test): { tick(ms: number): void } {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  return mock.timers
}
