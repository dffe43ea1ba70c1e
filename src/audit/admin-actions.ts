// This folder: the record of every decision, login, logout and revocation.

import type { RequestFacts } from '../boundary/facts.ts'
import type { Decision } from '../policy/decision.ts'
import { createPathMatcher, matchKey } from '../rule-matching/paths.ts'

export const adminActionClasses = [
  'catalog-write',
  'scaffolder-run',
  'permission-change',
  'techdocs-write',
  'action-call',
  'delete',
] as const

/** A kind of request that changes something in Backstage. */
type AdminAction = {
  /** The value for `stagedoor audit search --class`. */
  class: (typeof adminActionClasses)[number]
  methods: readonly string[]
  /** A pattern as in `routes`: `*` matches one segment, a final `**` matches the rest of the path. */
  path: string
  /** What the request does; the documentation shows it. */
  does: string
}

const changes = ['POST', 'PUT', 'PATCH', 'DELETE']

/**
 * The admin actions of Backstage that are audited by default. The first entry that matches decides the class. Reads that Backstage
 * sends as POST, such as `/api/permission/authorize`, are left out on purpose. Other actions get a class from the `audit` option of
 * their rule.
 */
export const adminActions: readonly AdminAction[] = [
  { class: 'catalog-write', methods: ['POST'], path: '/api/catalog/locations', does: 'registers a location' },
  { class: 'catalog-write', methods: ['PUT'], path: '/api/catalog/locations/*', does: 'changes a location' },
  { class: 'catalog-write', methods: ['DELETE'], path: '/api/catalog/locations/*', does: 'unregisters a location' },
  { class: 'catalog-write', methods: ['DELETE'], path: '/api/catalog/entities/by-uid/*', does: 'deletes an entity' },
  { class: 'catalog-write', methods: ['POST'], path: '/api/catalog/refresh', does: 'has an entity read anew' },
  { class: 'scaffolder-run', methods: ['POST'], path: '/api/scaffolder/v2/tasks', does: 'runs a template' },
  { class: 'scaffolder-run', methods: ['POST'], path: '/api/scaffolder/v2/tasks/*/cancel', does: 'cancels a run' },
  { class: 'scaffolder-run', methods: ['POST'], path: '/api/scaffolder/v2/tasks/*/retry', does: 'repeats a run' },
  { class: 'scaffolder-run', methods: ['POST'], path: '/api/scaffolder/v2/dry-run', does: 'tries a template' },
  // The RBAC plugin of the Backstage community, also used by Red Hat Developer Hub.
  { class: 'permission-change', methods: changes, path: '/api/permission/roles/**', does: 'changes roles' },
  { class: 'permission-change', methods: changes, path: '/api/permission/policies/**', does: 'changes policies' },
  { class: 'permission-change', methods: changes, path: '/api/permission/plugins/**', does: 'changes conditions' },
  { class: 'permission-change', methods: changes, path: '/api/permission/refresh/**', does: 'has roles read anew' },
  // Backstage's own TechDocs plugin has no writing requests. Plugins that accept documentation do.
  { class: 'techdocs-write', methods: changes, path: '/api/techdocs/**', does: 'changes or publishes documentation' },
  // The action is named only in the body. It may unregister an entity or run a template.
  { class: 'action-call', methods: ['POST'], path: '/api/mcp-actions/**', does: 'calls an action by MCP' },
  {
    class: 'action-call',
    methods: ['POST'],
    path: '/api/*/.backstage/actions/*/actions/*/invoke',
    does: 'calls an action',
  },
  // A deletion in any plugin counts, because it cannot be undone.
  { class: 'delete', methods: ['DELETE'], path: '/api/**', does: 'deletes something else' },
]

/** The class of a request by the table of admin actions; undefined when it is not an admin action. */
export type Classify = (method: string, path: string) => string | undefined

type Entry = { class: string; covers: (key: string) => boolean }

export function createClassify(): Classify {
  const byMethod = new Map<string, Entry[]>()
  for (const action of adminActions) {
    const entry = { class: action.class, covers: createPathMatcher(action.path) }
    for (const method of action.methods) byMethod.set(method, [...(byMethod.get(method) ?? []), entry])
  }
  return (method, path) => {
    const entries = byMethod.get(method)
    if (entries === undefined) return undefined
    const key = matchKey(path)
    return entries.find(({ covers }) => covers(key))?.class
  }
}

/** The class of a request as an admin action: from the `audit` option of its rule, otherwise from the table. */
export function actionClassOf(
  { label }: Decision,
  { method, path }: Pick<RequestFacts, 'method' | 'path'>,
  classify: Classify,
): string | undefined {
  return label ?? classify(method, path)
}
