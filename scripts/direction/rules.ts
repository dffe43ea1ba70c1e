/**
 * Which part of the source may import which (the order of ARCHITECTURE.md). A folder of `src/` that is in no list
 * here is an error: each new folder needs a place in one of them.
 */

/** The stages in the order of the request's path; those of one line do not know each other. */
export const stages: readonly (readonly string[])[] = [
  ['boundary'],
  ['session', 'bearer'],
  ['identity'],
  ['policy'],
  ['assertion'],
  ['proxy'],
]

/** Folders that several stages need. Stages may import them; they may import types only from stages. */
export const shared: readonly string[] = [
  'audit',
  'auth0-events',
  'config',
  'errors',
  'failed-attempts',
  'headers',
  'oidc',
  'overload',
  'pages',
  'redis',
  'revocation',
  'rule-matching',
  'seal',
  'storage',
  'telemetry',
]

/**
 * Folders and files that put everything together. They may import everything in `src/`, and nothing else in `src/` may import
 * them.
 */
export const shell: readonly string[] = ['assembly', 'cli', 'listener', 'process', 'app.ts', 'server.ts']

/** Where a file stands. */
export type Part =
  | { kind: 'stage'; name: string; order: number }
  | { kind: 'shared'; name: string }
  | { kind: 'endpoint'; name: string }
  | { kind: 'shell'; name: string }
  | { kind: 'contract' }
  | { kind: 'plugin'; name: string }
  | { kind: 'outside'; name: string }
  | { kind: 'unknown'; name: string }

const partOfSource = (name: string, child: string): Part => {
  // Endpoints of our own stand beside the path: they may use stages, and only the shell knows them.
  if (name === 'endpoints') return { kind: 'endpoint', name: child }
  const order = stages.findIndex((names) => names.includes(name))
  if (order >= 0) return { kind: 'stage', name, order }
  if (shared.includes(name)) return { kind: 'shared', name }
  if (shell.includes(name)) return { kind: 'shell', name }
  return { kind: 'unknown', name }
}

/** Where a file stands, by its path relative to the repository. */
export const partOf = (path: string): Part => {
  const [top = '', second = '', third = ''] = path.split('/')
  if (top === 'src') return partOfSource(second, third)
  if (top === 'packages' && second === 'assertion-contract') return { kind: 'contract' }
  if (top === 'plugins') return { kind: 'plugin', name: second }
  return { kind: 'outside', name: top }
}

export type ImportKind = 'type' | 'value'

const isSamePart = (from: Part, to: Part): boolean =>
  from.kind === to.kind && ('name' in from ? from.name : '') === ('name' in to ? to.name : '')

const isOurSource = (part: Part): boolean => ['stage', 'shared', 'endpoint', 'shell', 'contract'].includes(part.kind)

const objectionToStage = (from: Part & { kind: 'stage' }, to: Part, kind: ImportKind): string | undefined => {
  if (to.kind === 'shared') return undefined
  if (to.kind === 'endpoint' || to.kind === 'shell') return `a stage does not import what is built on it (${to.name})`
  if (to.kind !== 'stage') return 'a stage imports stages, shared folders and the contract only'
  if (to.order >= from.order) return `${to.name} does not come before ${from.name} in the path of a request`
  return kind === 'value' ? 'a stage imports types of earlier stages only, values never' : undefined
}

const objectionToShared = (to: Part, kind: ImportKind): string | undefined => {
  if (to.kind === 'shared') return undefined
  if (to.kind === 'stage') return kind === 'value' ? 'a shared folder imports types of stages only' : undefined
  return 'a shared folder imports shared folders, the contract and types of stages only'
}

const objectionToEndpoint = (to: Part): string | undefined =>
  to.kind === 'stage' || to.kind === 'shared'
    ? undefined
    : 'an endpoint imports stages, shared folders and the contract only'

/** Why this import is not allowed, or undefined where it is. */
export const objectionTo = (from: Part, to: Part, kind: ImportKind): string | undefined => {
  if (from.kind === 'unknown') return `src/${from.name} has no place in scripts/direction/rules.ts`
  if (isSamePart(from, to) || to.kind === 'contract') return undefined
  if (from.kind === 'stage') return objectionToStage(from, to, kind)
  if (from.kind === 'shared') return objectionToShared(to, kind)
  if (from.kind === 'endpoint') return objectionToEndpoint(to)
  if (from.kind === 'shell') return isOurSource(to) ? undefined : 'src/ imports only src/ and the contract'
  if (from.kind === 'contract') return 'the contract imports nothing of ours'
  // Backstage's name for a library of backend plugins: it is a package, which the others ask for by version.
  if (to.kind === 'plugin' && to.name.endsWith('-node')) return undefined
  return to.kind === 'plugin'
    ? 'plugins do not import each other by path'
    : 'plugins/ imports nothing of ours but the contract'
}
