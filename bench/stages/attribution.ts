/** What `--cpu-prof` writes, as far as it is needed. */
export type Profile = {
  nodes: { id: number; callFrame: { functionName: string; url: string }; children?: number[] }[]
  samples: number[]
  timeDeltas: number[]
}

type Frame = Profile['nodes'][number]['callFrame']

/** Of these, what Node does for them counts as theirs: hashes, files, ciphers. */
const stagesThatOwn = ['boundary', 'session', 'seal', 'bearer', 'policy', 'assertion', 'audit', 'telemetry']
const ownsItsCalls = new Set([...stagesThatOwn, '@fastify/http-proxy', '@fastify/reply-from', '@fastify/cookie'])
const socketWrites = new Set(['writeLatin1String', 'writeUtf8String', 'writeBuffer', 'writev', 'shutdown'])
const kept = new Map([
  ['(garbage collector)', 'garbage collector'],
  ['(program)', 'native code that no function was seen in'],
])

/**
 * Where the time of a profile went: microseconds by stage (folder of `src/`), package, or part of Node.
 * @param skippedShare the part of the profile, from its beginning, that is start and warm-up
 */
export function timeByStage({ nodes, samples, timeDeltas }: Profile, skippedShare: number): Map<string, number> {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)))
  const stages = new Map<number, string | undefined>()
  const times = new Map<string, number>()
  const first = Math.floor(samples.length * skippedShare)
  for (const [i, id] of samples.entries()) {
    if (i < first) continue
    if (!stages.has(id)) stages.set(id, stageOf(stackOf(id, frames, parents)))
    const stage = stages.get(id)
    if (stage !== undefined) times.set(stage, (times.get(stage) ?? 0) + (timeDeltas[i] ?? 0))
  }
  return times
}

/** The innermost frame first. */
function stackOf(id: number, frames: ReadonlyMap<number, Frame>, parents: ReadonlyMap<number, number>): Frame[] {
  const stack: Frame[] = []
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) stack.push(frames.get(at) as Frame)
  return stack
}

/** @param stack the innermost frame first; undefined for idle time */
function stageOf(stack: readonly Frame[]): string | undefined {
  const [{ functionName, url }] = stack as [Frame]
  if (functionName === '(idle)') return undefined
  const special = kept.get(functionName)
  if (special !== undefined) return special
  const owner = stack.map((frame) => ownerOf(frame.url)).find((found) => found !== undefined)
  const isOurs = url !== '' && !url.startsWith('node:')
  if (owner !== undefined && (isOurs || ownsItsCalls.has(owner))) return owner
  return socketWrites.has(functionName) ? 'writes to sockets (system calls)' : 'node:http, streams and timers'
}

/** The folder of `src/`, or the package, that a file belongs to. */
function ownerOf(url: string): string | undefined {
  const [, name] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? []
  if (name !== undefined) return name
  const [, folder] = /\/src\/([^/]+)\//.exec(url) ?? []
  return folder
}
