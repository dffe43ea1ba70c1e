const names = [
  'token',
  'tokenAuthorizationCode',
  'tokenRefreshToken',
  'tokenClientCredentials',
  'jwks',
  'discovery',
  'authorize',
  'pushedAuthorization',
  'login',
  'userinfo',
  'revoke',
  'logout',
  'management',
  'events',
] as const

export type CounterName = (typeof names)[number]
export type Counters = Record<CounterName, number> & { reset: () => void }

function zeros(): Record<CounterName, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<CounterName, number>
}

/** Requests seen since the start or the last reset, those that a fault answered included. */
export function createCounters(): Counters {
  const counters = {
    ...zeros(),
    reset() {
      Object.assign(counters, zeros())
    },
  }
  return counters
}

const endpoints: [prefix: string, name: CounterName][] = [
  ['/oauth/token', 'token'],
  ['/oauth/revoke', 'revoke'],
  ['/.well-known/jwks.json', 'jwks'],
  ['/.well-known/', 'discovery'],
  ['/authorize', 'authorize'],
  ['/oauth/par', 'pushedAuthorization'],
  ['/u/login', 'login'],
  ['/userinfo', 'userinfo'],
  ['/oidc/logout', 'logout'],
  ['/v2/logout', 'logout'],
  ['/api/v2/events', 'events'],
  ['/api/v2/', 'management'],
]

export function counterOf(path: string): CounterName | undefined {
  return endpoints.find(([prefix]) => path.startsWith(prefix))?.[1]
}
