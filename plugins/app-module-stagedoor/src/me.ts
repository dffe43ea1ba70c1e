/** Who Stagedoor says is signed in (`GET /.stagedoor/me`). Times in milliseconds since the epoch. */
export type Me = {
  sub: string
  name: string
  email: string | undefined
  organization: string | undefined
  roles: readonly string[]
  groups: readonly string[]
  signedInAt: number | undefined
  /** When the session ends if nobody uses it. */
  expiresAt: number | undefined
  /** When it ends however much it is used. */
  endsAt: number | undefined
}

/** `unknown` where Stagedoor did not say: it is away, or its session store is. Nobody is signed out by that. */
export type MeAnswer = { kind: 'signed-in'; me: Me } | { kind: 'signed-out' } | { kind: 'unknown' }

export async function readMeAnswer(response: Response): Promise<MeAnswer> {
  if (response.status === 401) return { kind: 'signed-out' }
  if (!response.ok) return { kind: 'unknown' }
  const body: unknown = await response.json().catch(() => undefined)
  const me = parseMe(body)
  return me === undefined ? { kind: 'unknown' } : { kind: 'signed-in', me }
}

function parseMe(body: unknown): Me | undefined {
  if (!isRecord(body) || typeof body['sub'] !== 'string') return undefined
  const { sub } = body
  const session = isRecord(body['session']) ? body['session'] : {}
  const email = textIn(body, 'email')
  return {
    sub,
    email,
    name: textIn(body, 'name') ?? email ?? sub,
    organization: textIn(body, 'org_name') ?? textIn(body, 'org_id'),
    roles: namesIn(body, 'roles'),
    groups: namesIn(body, 'groups'),
    signedInAt: timeIn(session, 'signed_in_at'),
    expiresAt: timeIn(session, 'expires_at'),
    endsAt: timeIn(session, 'expires_at_latest'),
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

function timeIn(object: JsonObject, name: string): number | undefined {
  const time = Date.parse(textIn(object, name) ?? '')
  return Number.isNaN(time) ? undefined : time
}
