/**
 * The signed-in person by Stagedoor's `GET /.stagedoor/me`. Times in milliseconds since the epoch, by the browser's clock.
 *
 * @public
 */
export type Me = {
  sub: string
  name: string
  email: string | undefined
  organization: string | undefined
  roles: readonly string[]
  groups: readonly string[]
  permissions: readonly string[]
  signedInAt: number | undefined
  /** When the session ends if nobody uses it. */
  expiresAt: number | undefined
  /** When it ends however much it is used. */
  endsAt: number | undefined
}

/** `unknown` where Stagedoor did not say: it is away, or its session store is. Nobody is signed out by that. */
export type MeAnswer = { kind: 'signed-in'; me: Me } | { kind: 'signed-out' } | { kind: 'unknown' }

/** @param now - the browser's clock, which may be hours from Stagedoor's */
export async function readMeAnswer(response: Response, now: number): Promise<MeAnswer> {
  if (response.status === 401) return { kind: 'signed-out' }
  if (!response.ok) return { kind: 'unknown' }
  const body: unknown = await response.json().catch(() => undefined)
  const aheadMs = now - Date.parse(response.headers.get('date') ?? '')
  const me = parseMe(body, Number.isNaN(aheadMs) ? 0 : aheadMs)
  return me === undefined ? { kind: 'unknown' } : { kind: 'signed-in', me }
}

function parseMe(body: unknown, aheadMs: number): Me | undefined {
  if (!isRecord(body)) return undefined
  const { sub, session: givenSession } = body
  if (typeof sub !== 'string') return undefined
  const session = isRecord(givenSession) ? givenSession : {}
  const email = textIn(body, 'email')
  const timeIn = (name: string): number | undefined => {
    const time = Date.parse(textIn(session, name) ?? '')
    return Number.isNaN(time) ? undefined : time + aheadMs
  }
  return {
    sub,
    email,
    name: textIn(body, 'name') ?? email ?? sub,
    organization: textIn(body, 'org_name') ?? textIn(body, 'org_id'),
    roles: namesIn(body, 'roles'),
    groups: namesIn(body, 'groups'),
    permissions: namesIn(body, 'permissions'),
    signedInAt: timeIn('signed_in_at'),
    expiresAt: timeIn('expires_at'),
    endsAt: timeIn('expires_at_latest'),
  }
}

type JsonObject = Record<string, unknown>

function isRecord(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null
}

function textIn(object: JsonObject, name: string): string | undefined {
  const value = object[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

function namesIn(object: JsonObject, name: string): string[] {
  const value = object[name]
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
