import { audienceOf, defaultUpstream, signInPathOf } from '../../config/derived-settings.ts'
import { jsonIn, type CheckContext } from './check-context.ts'
import { type Check, nothingToAsk, type Outcome } from './check.ts'
import { forgeries, forwardedUser } from './forgeries.ts'
import { type Answer, answersUpgrade } from './low-level-requests.ts'

type Backstage = { url: string; signInUrl: string; signInPath: string; audience: string }

/** The upstream in which our auth module signs users in; undefined when no upstream is Backstage. */
function backstageOf({ upstreams, assertion }: CheckContext['config']): Backstage | undefined {
  const name = defaultUpstream(upstreams)
  const signInPath = name && signInPathOf(name, { upstreams })
  const url = name && upstreams[name]?.urls.map(String).find((one) => one.startsWith('http'))
  if (!name || !signInPath || !url) return undefined
  const base = url.replace(/\/$/, '')
  return { url: base, signInPath, signInUrl: base + signInPath, audience: audienceOf(name, { upstreams, assertion }) }
}

const withBackstage =
  (check: (backstage: Backstage, context: CheckContext) => Promise<Outcome>) =>
  async (context: CheckContext): Promise<Outcome> => {
    const backstage = backstageOf(context.config)
    return backstage === undefined ? nothingToAsk : check(backstage, context)
  }

/** The reason that other checks give when Backstage does not answer; `backstage-reachable` reports the fault. */
const silent = { because: 'Backstage does not answer' }

/** Sends requests directly to Backstage, bypassing the gateway. Backstage must be safe even if the network lets such requests through. */
export const backstageChecks: readonly Check[] = [
  {
    id: 'backstage-reachable',
    title: 'Backstage answers',
    severity: 'error',
    meaning: 'People get 502 or 503 in place of Backstage.',
    fix: 'Compare upstreams.backstage.url with backend.listen in app-config.yaml, and look at Backstage’s log.',
    run: withBackstage(async ({ url }, { get }) => {
      const { status, text } = await get(`${url}/.backstage/health/v1/readiness`)
      if (status === 200) return undefined
      return `${url} ${status === 0 ? `does not answer: ${text}` : `answers its readiness probe with ${status}`}`
    }),
  },
  {
    id: 'backstage-module',
    title: 'Stagedoor’s auth module is in Backstage',
    severity: 'error',
    meaning: 'Sign-in to Backstage fails: Stagedoor’s auth module is not installed or not configured.',
    fix:
      'Add @stagedoor/backstage-plugin-auth-backend-module-stagedoor-provider to Backstage’s backend, and ' +
      'auth.providers.stagedoor.issuer in app-config.yaml.',
    run: withBackstage(async ({ signInUrl, signInPath }, { get }) => {
      const answer = await get(signInUrl)
      if (answer.status === 0 || answer.status >= 500) return silent
      if (answer.status === 401 || isSignedIn(answer)) return undefined
      return `Backstage answers ${answer.status} at ${signInPath}`
    }),
  },
  {
    id: 'backstage-forgery',
    title: 'Backstage refuses forged identities of each kind',
    severity: 'error',
    meaning: 'Anyone who can reach Backstage can impersonate any user.',
    fix:
      'Close the network now: only Stagedoor may reach Backstage. Then replace the module at /api/auth/stagedoor with Stagedoor’s own ' +
      'auth module, unchanged.',
    run: withBackstage(async ({ signInUrl, audience }, { config, get, now }) => {
      const all = await forgeries(config.server.baseUrl, audience, Math.floor(now() / 1000))
      const answers = await Promise.all(
        all.map(async ({ name, headers }) => ({ name, answer: await get(signInUrl, { headers }) })),
      )
      if (answers.every(({ answer }) => answer.status === 0)) return silent
      const accepted = answers.filter(({ answer }) => isSignedIn(answer))
      return accepted.map(({ name }) => `DANGER: Backstage accepts an identity ${name}`)
    }),
  },
  {
    id: 'backstage-unsigned-provider',
    title: 'no provider trusts unsigned headers',
    severity: 'warning',
    meaning:
      'The provider trusts X-Forwarded-User without a signature: anyone who can reach Backstage can impersonate any user.',
    fix: 'Remove auth.providers.oauth2Proxy and its module from Backstage. Stagedoor’s module replaces them.',
    run: withBackstage(async ({ url }, { get }) => {
      const answer = await get(`${url}/api/auth/oauth2Proxy/refresh`, { headers: forwardedUser })
      if (answer.status === 0) return silent
      if (isMissingProvider(answer)) return undefined
      // Any other answer shows that the provider is installed. It refuses only while the catalog has no user of that name.
      const found = `Backstage has the provider oauth2Proxy (it answers ${answer.status})`
      return { severity: isSignedIn(answer) ? 'error' : 'warning', found }
    }),
  },
  {
    id: 'backstage-guest',
    title: 'guest sign-in is not available',
    severity: 'warning',
    meaning: 'Anyone who can reach Backstage can sign in as a guest, without Stagedoor’s assertion.',
    fix: 'Remove auth.providers.guest and @backstage/plugin-auth-backend-module-guest-provider from Backstage.',
    run: withBackstage(async ({ url }, { get }) => {
      const answer = await get(`${url}/api/auth/guest/refresh`)
      if (answer.status === 0) return silent
      return isMissingProvider(answer) ? undefined : `Backstage has the provider guest (it answers ${answer.status})`
    }),
  },
  {
    id: 'backstage-base-url',
    title: 'Backstage’s base URLs are Stagedoor’s',
    severity: 'error',
    meaning: 'Pages send requests to the wrong address: cookies, sign-in and links break.',
    run: withBackstage(checkBaseUrl),
  },
  {
    id: 'backstage-machine-forgery',
    title: 'Backstage refuses a machine’s token that Stagedoor did not issue',
    severity: 'error',
    meaning: 'Anyone who can reach Backstage can read the catalog.',
    fix:
      'Check backend.auth.externalAccess (type jwks, with issuer, audience and algorithm), and remove ' +
      'backend.auth.dangerouslyDisableDefaultAuthPolicy.',
    run: withBackstage(async ({ url }, { config: { machines, server }, get, now }) => {
      const [forgery] = await forgeries(server.baseUrl, machines.audience, Math.floor(now() / 1000))
      const token = Object.values(forgery?.headers ?? {})[0] ?? ''
      const headers = { authorization: `Bearer ${token}` }
      const { status } = await get(`${url}/api/catalog/entities?limit=1`, { headers })
      if (status === 0) return silent
      return status === 200
        ? 'DANGER: Backstage’s catalog accepts a machine’s token with a forged signature'
        : undefined
    }),
  },
  {
    id: 'backstage-websocket',
    title: 'WebSockets are answered',
    severity: 'warning',
    meaning: 'Notifications and live updates do not arrive.',
    fix: 'Configure every proxy between Stagedoor and Backstage to pass WebSockets.',
    run: withBackstage(async ({ url }, { get }) => {
      if ((await get(`${url}/.backstage/health/v1/liveness`)).status === 0) return silent
      // Backstage answers the first upgrade after its start without upgrading. Any answer passes this check.
      const signals = `${url}/api/signals`
      if ((await answersUpgrade(signals)) || (await answersUpgrade(signals))) return undefined
      return 'Backstage does not answer the upgrade to a WebSocket at /api/signals'
    }),
  },
]

/** The checks of the self-test, which run before the gateway listens. */
export const backstageSelfTest: readonly Check[] = backstageChecks.filter(({ id }) =>
  ['backstage-reachable', 'backstage-forgery', 'backstage-unsigned-provider', 'backstage-guest'].includes(id),
)

/** Compares Backstage's base URLs: the issuer of its tokens shows `backend.baseUrl`, and its page contains `app.baseUrl`. */
async function checkBaseUrl({ url }: Backstage, { config, get }: CheckContext): Promise<Outcome> {
  const { baseUrl } = config.server
  const discovery = await get(`${url}/api/auth/.well-known/openid-configuration`)
  const issuer = discovery.status === 200 ? jsonIn(discovery)?.['issuer'] : undefined
  const page = await get(`${url}/`, { headers: { accept: 'text/html' } })
  const found = [
    ['backend.baseUrl', typeof issuer === 'string' ? issuer.replace(/\/api\/auth\/?$/, '') : undefined],
    ['app.baseUrl', appBaseUrlIn(page.text)],
  ] as const
  if (found.every(([, value]) => value === undefined)) return silent
  const wrong = found.filter(([, value]) => value !== undefined && value !== baseUrl)
  return wrong.map(([option, value]) => ({
    found: `Backstage’s ${option} is ${value}, and server.baseUrl is ${baseUrl}`,
    fix: `Write ${option}: ${baseUrl} in app-config.yaml.`,
  }))
}

/** `app.baseUrl` from the configuration that Backstage puts into its page. */
export function appBaseUrlIn(html: string): string | undefined {
  const script = /<script type="backstage\.io\/config">([^]*?)<\/script>/.exec(html)?.[1]
  if (script === undefined) return undefined
  return /"app":\{[^{}]*?"baseUrl":"(?<url>[^"]+)"/.exec(script.replaceAll(/\s+/g, ''))?.groups?.['url']
}

function isSignedIn({ status, text }: Answer): boolean {
  return status === 200 && text.includes('"backstageIdentity"')
}

/** Whether the provider is not installed: Backstage’s auth plugin then answers 404. A 5xx does not prove that it is installed. */
function isMissingProvider({ status }: Answer): boolean {
  return status === 404 || status >= 500
}
