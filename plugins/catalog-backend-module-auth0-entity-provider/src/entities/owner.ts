import { groupKinds, type GroupKind } from '../management/groups.ts'

/** The object of Auth0 that an entity stands for: a user, role, group or organization. */
export type Owner = { kind: 'user' | GroupKind; id: string }

const kinds = ['user', ...groupKinds] as const

/** As logs and the name registry write it: `user auth0|64f…`, `role rol_…`. */
export function ownerText({ kind, id }: Owner): string {
  return `${kind} ${id}`
}

/** The inverse. */
export function parseOwner(text: string): Owner | undefined {
  const space = text.indexOf(' ')
  const kind = kinds.find((candidate) => candidate === text.slice(0, space))
  return kind && { kind, id: text.slice(space + 1) }
}
