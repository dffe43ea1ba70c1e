import { matchKey } from '../config/route-patterns.ts'
import { type AdminAction, adminActions } from './admin-actions.ts'

/** The class of a request by the table of admin actions; undefined when it is not an admin action. */
export type Classify = (method: string, path: string) => string | undefined

type Entry = { class: string; covers: (key: string) => boolean }

/** @param compile compiles the path of a rule, so that the table means what rules mean */
export function createClassify(
  compile: (path: string) => (key: string) => boolean,
  actions: readonly AdminAction[] = adminActions,
): Classify {
  const byMethod = new Map<string, Entry[]>()
  for (const action of actions) {
    const entry = { class: action.class, covers: compile(action.path) }
    for (const method of action.methods) byMethod.set(method, [...(byMethod.get(method) ?? []), entry])
  }
  return (method, path) => {
    const entries = byMethod.get(method)
    if (entries === undefined) return undefined
    const key = matchKey(path)
    return entries.find(({ covers }) => covers(key))?.class
  }
}
