import { sha256Hex } from './sha256.ts'

/** Longest `metadata.name` that Backstage's catalog accepts, in characters. @public */
export const maxEntityNameLength = 63

/** 80 bits: finding a second id with the same name is infeasible, and the name stays readable. */
const hashLength = 20
const cleanName = /^[a-z0-9]+(?:[-_.][a-z0-9]+)*$/
const hashedName = new RegExp(`-[0-9a-f]{${hashLength}}$`)

/**
 * The catalog entity name of an Auth0 user, role, group or organization: the id itself where it already is a
 * lower-case entity name of at most 63 characters, else a readable slug and a hash of the id.
 *
 * Two ids never share a name. Entity refs are compared without case, so an upper-case letter counts as lost; and an id
 * that looks like one of our hashed names is hashed, too, so that an id cannot be chosen to equal another one's name.
 *
 * @throws RangeError for an empty id, which names nobody
 *
 * @public
 */
export function entityNameOf(id: string): string {
  if (id === '') throw new RangeError('an empty id has no entity name')
  if (id.length <= maxEntityNameLength && cleanName.test(id) && !hashedName.test(id)) return id
  return `${slugOf(id)}-${sha256Hex(id).slice(0, hashLength)}`
}

function slugOf(id: string): string {
  const slug = id
    .normalize('NFKD')
    .replace(/\p{Mark}+/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, maxEntityNameLength - hashLength - 1)
    .replace(/^-|-$/g, '')
  return slug === '' ? 'id' : slug
}
