/** What Stagedoor asks of the person before it lets a call through. */
export type Challenge = { kind: 'session-over' } | { kind: 'step-up'; loginUrl: string | undefined }

const sessionOverCodes = new Set(['STAGEDOOR_POLICY_UNAUTHENTICATED', 'STAGEDOOR_SESSION_REQUIRED'])

/**
 * Reads Stagedoor's 401 (RFC 9457 problem JSON). Other answers, Backstage's own 401 among them, are no challenge: signing
 * in again would not change them. The response stays readable.
 */
export async function readChallenge(response: Response): Promise<Challenge | undefined> {
  if (response.status !== 401 || !isProblem(response.headers.get('content-type'))) return undefined
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined)
  return challengeOf(body)
}

function isProblem(contentType: string | null): boolean {
  return contentType?.startsWith('application/problem+json') ?? false
}

function challengeOf(body: unknown): Challenge | undefined {
  if (typeof body !== 'object' || body === null || !('code' in body) || typeof body.code !== 'string') return undefined
  if (!body.code.startsWith('STAGEDOOR_')) return undefined
  if ('reason' in body && body.reason === 'mfa-required') return { kind: 'step-up', loginUrl: loginUrlIn(body) }
  return sessionOverCodes.has(body.code) ? { kind: 'session-over' } : undefined
}

function loginUrlIn(body: object): string | undefined {
  return 'login_url' in body && typeof body.login_url === 'string' ? body.login_url : undefined
}
