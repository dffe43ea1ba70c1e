import { ManagementError, type ManagementClient } from './client.ts'
import { checkpointPages, offsetPages } from './paging.ts'
import { groupRow, memberRow, type GroupRow } from './rows.ts'

/** What becomes a Group. In this order they take names: sign-in makes groups of roles. */
export const groupKinds = ['role', 'group', 'organization'] as const satisfies readonly GroupKind[]

/** What of Auth0 becomes a Group of the catalog. @public */
export type GroupKind = 'role' | 'group' | 'organization'

/** A role, a group or an organization of Auth0. A transformer also finds the other fields that Auth0 sends. @public */
export type Auth0Group = {
  kind: GroupKind
  id: string
  name: string
  display_name?: string | undefined
  description?: string | null | undefined
  [field: string]: unknown
}

type Source = {
  path: string
  /** How the endpoint of all of them pages; that of one user's has offset paging unless said otherwise. */
  list: typeof checkpointPages
  members: { path: string; name: string }
  ofUser: typeof checkpointPages
}

const sources: Record<GroupKind, Source> = {
  role: { path: 'roles', list: offsetPages, members: { path: 'users', name: 'users' }, ofUser: offsetPages },
  group: {
    path: 'groups',
    list: checkpointPages,
    members: { path: 'members', name: 'members' },
    ofUser: checkpointPages,
  },
  organization: {
    path: 'organizations',
    list: checkpointPages,
    members: { path: 'members', name: 'members' },
    ofUser: offsetPages,
  },
}

/** All roles, groups or organizations; none where the tenant has no Auth0 Groups, or does not show them to us. */
export async function readGroups(client: ManagementClient, kind: GroupKind): Promise<Auth0Group[]> {
  const { path, list } = sources[kind]
  return collect(kind, list(client, path, path, groupRow))
}

/** Those that one user belongs to. */
export async function readGroupsOfUser(
  client: ManagementClient,
  kind: GroupKind,
  userId: string,
): Promise<Auth0Group[]> {
  const { path, ofUser } = sources[kind]
  return collect(kind, ofUser(client, `users/${encodeURIComponent(userId)}/${path}`, path, groupRow))
}

/** One of them, or nothing where it is gone. */
export async function readGroup(
  client: ManagementClient,
  kind: GroupKind,
  id: string,
): Promise<Auth0Group | undefined> {
  const body = await unlessGone(() => client.get(`${sources[kind].path}/${encodeURIComponent(id)}`))
  return body === undefined ? undefined : { ...groupRow.parse(body), kind }
}

/** The ids of all members, a page at a time; ends early where the group is deleted meanwhile. */
export async function* readMemberIds(client: ManagementClient, { kind, id }: Auth0Group): AsyncGenerator<string[]> {
  const { path, members } = sources[kind]
  const url = `${path}/${encodeURIComponent(id)}/${members.path}`
  try {
    for await (const rows of checkpointPages(client, url, members.name, memberRow)) {
      yield rows.map(({ user_id: userId }) => userId)
    }
  } catch (error) {
    if (!isGone(error)) throw error
  }
}

/** The answer, or nothing for 404. */
export async function unlessGone<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await read()
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

async function collect(kind: GroupKind, pages: AsyncGenerator<GroupRow[]>): Promise<Auth0Group[]> {
  const groups: Auth0Group[] = []
  try {
    for await (const rows of pages) groups.push(...rows.map((row) => ({ ...row, kind })))
  } catch (error) {
    if (kind !== 'group' || !isAbsent(error)) throw error
  }
  return groups
}

function isGone(error: unknown): boolean {
  return error instanceof ManagementError && error.status === 404
}

/** Auth0 Groups are early access: 404 where a tenant lacks them, 403 where we may not see them. */
function isAbsent(error: unknown): boolean {
  return error instanceof ManagementError && (error.status === 404 || error.status === 403)
}
