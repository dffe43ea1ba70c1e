import { readdirSync } from 'node:fs'

import * as fc from 'fast-check'
import t from 'tap'

import { type Stack, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'
import { type Conversation, converse, type Script, type Step } from './connections/client.ts'
import {
  bodyOf,
  complete,
  manners,
  markPattern,
  poison,
  type RawUpstream,
  startRawUpstream,
} from './connections/upstream.ts'
import { fuzzParameters } from './support.ts'

/** Runs of this test take longer than others, since each has several connections. */
const numRuns = Math.ceil(fuzzParameters.numRuns / 5)
/** So few that a leaked place shows soon. */
const places = 8

const step: fc.Arbitrary<Step> = fc.record({
  method: fc.constantFrom('GET', 'GET', 'HEAD', 'POST', 'POST'),
  // Silence ends at its limit of a second.
  manner: fc.oneof(
    { weight: 60, arbitrary: fc.constantFrom(...manners.filter((each) => each !== 'silence')) },
    fc.constant('silence' as const),
  ),
  body: fc.constantFrom('sized', 'chunked'),
  isUpgrade: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true)),
  pieces: fc.integer({ min: 1, max: 4 }),
  cutAt: fc.option(fc.double({ min: 0, max: 0.99, noNaN: true }), { nil: undefined, freq: 6 }),
  waits: fc.boolean(),
})
const script: fc.Arbitrary<Script> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 5 }),
  ending: fc.constantFrom('end', 'reset', 'patient', 'patient'),
})
const storm = fc.array(script, { minLength: 1, maxLength: 4 })

t.test(
  'for any start, break and end of connections, each client gets its own answer, each request one decision, and nothing leaks',
  { timeout: 3_600_000 },
  async (t) => {
    const upstream = await startRawUpstream(t)
    const stack = await startStack(t, {
      upstreamUrl: upstream.url,
      config: {
        routes: [{ name: 'open', path: '/open/**', allow: 'public' }],
        upstreams: {
          backstage: { url: upstream.url, timeouts: { headers: '1s' }, maxConnections: places, maxStreams: places },
        },
      },
    })
    const port = Number(new URL(stack.directUrl).port)
    const escaped: unknown[] = []
    const onEscape = (error: unknown): void => void escaped.push(error)
    process.on('uncaughtException', onEscape).on('unhandledRejection', onEscape)
    t.teardown(() => process.off('uncaughtException', onEscape).off('unhandledRejection', onEscape))
    const before = await descriptorsAtRest(stack, upstream)
    let run = 0

    await fc.assert(
      fc.asyncProperty(storm, async (scripts) => {
        run += 1
        stack.logged.length = 0
        upstream.seen.length = 0
        const conversations = await Promise.all(
          scripts.map((each, i) => converse(port, each, (index) => `m${run}-${i + 1}-${index + 1}`)),
        )
        await until(
          () => isAtRest(stack),
          1,
          () => heldBy(stack),
        )
        if (escaped.length > 0) throw new Error('it escaped from a request', { cause: escaped.pop() })
        if (upstream.faults.length > 0)
          throw new Error(`the upstream was sent what is not HTTP: ${upstream.faults.join()}`)
        for (const conversation of conversations) judgeAnswers(conversation)
        await until(() => undecided(stack, upstream, conversations).length === 0, 1)
        judgeDecisions(stack, upstream, conversations)
        await judgeNext(port, `m${run}-0-1`)
      }),
      // Without shrinking: a failing run may fail by a timeout.
      { ...fuzzParameters, numRuns, endOnFailure: true },
    )
    const after = await descriptorsAtRest(stack, upstream)
    t.ok(after <= before, `descriptors: ${before} before, ${after} after ${run} storms`)
  },
)

/** Whether no client connection, no request under way and no taken place is left. */
const isAtRest = (stack: Stack): boolean => Object.values(heldBy(stack)).every((count) => count === 0)

function heldBy({ parts }: Stack) {
  const { requests, streams } = parts.proxy.upstreams.get('backstage') ?? {}
  const takenIn = (lane: typeof requests) => (lane?.admission.active ?? 0) + (lane?.admission.waiting ?? 0)
  return {
    connectionsOfClients: parts.overload.openConnections(),
    requestsUnderWay: parts.proxy.openConnections.size,
    placesOfRequests: takenIn(requests),
    placesOfStreams: takenIn(streams),
  }
}

async function descriptorsAtRest(stack: Stack, upstream: RawUpstream): Promise<number> {
  await until(() => isAtRest(stack) && upstream.openSockets() === 0, 50)
  return readdirSync('/proc/self/fd').length
}

/** Checks that answers have the order and marks of their requests, and that no incomplete one looks complete. */
function judgeAnswers({ sent, answers, tunnel }: Conversation): void {
  if (answers.length > sent.length) throw new Error(`${answers.length} answers to ${sent.length} requests`)
  for (const [i, { status, head, body, isWhole }] of answers.entries()) {
    const { mark = '', step } = sent[i] ?? {}
    for (const found of `${head}${body}`.match(markPattern) ?? [])
      if (found !== mark) throw new Error(`${mark} got ${found}`)
    if (status >= 300 || !isWhole || step === undefined) continue
    if (step.method !== 'HEAD' && status === 200) {
      if (body !== bodyOf(mark)) throw new Error(`${mark} got another body: ${body.slice(0, 200)}`)
      if (!complete.has(step.manner)) throw new Error(`${mark}: a part passed for the whole`)
    }
  }
  // Bytes after an upgrade belong to the tunnel, even if they look like a request.
  const own = new Set(sent.slice(answers.length - 1).map(({ mark }) => mark))
  for (const found of tunnel.match(markPattern) ?? [])
    if (!own.has(found)) throw new Error(`${found} is in the tunnel of ${[...own].join()}`)
}

/** Marks of the requests that were decided, in the order of their records. */
function decidedIn(stack: Stack): string[] {
  const decisions = stack.records().filter(({ event }) => event === 'decision')
  return decisions.map(({ path }) => String(path).match(markPattern)?.[0] ?? '')
}

/** Requests that an upstream saw, answered or failed to answer without a recorded decision. */
function undecided(stack: Stack, { seen }: RawUpstream, conversations: readonly Conversation[]): string[] {
  const decided = decidedIn(stack)
  const answered = conversations.flatMap(({ sent, answers }) =>
    answers.flatMap(({ status }, i) => (status < 300 || status === 502 || status === 504 ? [sent[i]?.mark ?? ''] : [])),
  )
  return [...seen, ...answered].filter((mark) => !decided.includes(mark))
}

function judgeDecisions(stack: Stack, { seen }: RawUpstream, conversations: readonly Conversation[]): void {
  const decided = decidedIn(stack)
  const twice = decided.filter((mark, i) => decided.indexOf(mark) !== i)
  if (twice.length > 0) throw new Error(`decided twice: ${twice.join()}`)
  if (seen.includes(poison)) throw new Error('the upstream was asked what nobody asked')
  const steps = new Map(conversations.flatMap(({ sent }) => sent.map(({ mark, step }) => [mark, step] as const)))
  for (const mark of new Set(seen)) {
    const times = seen.filter((each) => each === mark).length
    if (times > mostTimes(steps.get(mark))) throw new Error(`${mark} reached the upstream ${times} times`)
  }
}

/** The gateway repeats a safe request once if its connection died without an answer (RFC 9110 §9.2.2). */
function mostTimes(step: Step | undefined): number {
  if (step === undefined) return 0
  return step.method !== 'POST' && ['reset', 'hang-up'].includes(step.manner) ? 2 : 1
}

async function judgeNext(port: number, mark: string): Promise<void> {
  const step: Step = {
    method: 'GET',
    manner: 'well',
    body: 'sized',
    isUpgrade: false,
    pieces: 1,
    cutAt: undefined,
    waits: true,
  }
  const next = await converse(port, { steps: [step], ending: 'patient' }, () => mark)
  if (next.answers[0]?.body !== bodyOf(mark)) throw new Error(`the next got ${JSON.stringify(next.answers)}`)
}
