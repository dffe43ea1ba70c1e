import { audienceOf, signInPathOf } from '../../config/derived-settings.ts'
import { defaultUpstream } from '../../config/upstream-of-rule.ts'
import { type Check, jsonIn, nothingToAsk, type Outcome, type Scene } from './finding.ts'
import { forgeries, forwardedUser } from './forgeries.ts'
import { type Answer, answersUpgrade } from './low-level-requests.ts'

/** Requests to Backstage itself, around the gateway: its answers must not depend on the network. */
export const backstageChecks: readonly Check[] = [
  { id: 'backstage-reachable', title: 'Backstage answers', run: checkReachable },
  { id: 'backstage-module', title: 'Stagedoor’s auth module is in Backstage', run: checkModule },
  { id: 'backstage-forgery', title: 'Backstage refuses forged identities of each kind', run: checkForgeries },
  { id: 'backstage-unsigned-provider', title: 'no provider believes plain headers', run: checkUnsignedProvider },
  { id: 'backstage-guest', title: 'nobody signs in as a guest', run: checkGuest },
  { id: 'backstage-base-url', title: 'Backstage’s base URLs are Stagedoor’s', run: checkBaseUrl },
  {
    id: 'backstage-machine-forgery',
    title: 'Backstage refuses a machine that Stagedoor did not send',
    run: checkMachine,
  },
  { id: 'backstage-websocket', title: 'WebSockets are answered', run: checkWebSocket },
]

/** Checks of the self-test: they run before anything listens. */
export const backstageSelfTest: readonly Check[] = backstageChecks.filter(({ id }) =>
  ['backstage-reachable', 'backstage-forgery', 'backstage-unsigned-provider', 'backstage-guest'].includes(id),
)

const silent = { because: 'Backstage does not answer' }

type Backstage = { url: string; signInUrl: string; signInPath: string; audience: string }

/** The upstream that signs people in by our module; undefined where no upstream is Backstage. */
function backstageOf({ upstreams, assertion }: Scene['config']): Backstage | undefined {
  const name = defaultUpstream(upstreams)
  const signInPath = name && signInPathOf(name, { upstreams })
  const url = name && upstreams[name]?.urls.map(String).find((one) => one.startsWith('http'))
  if (!name || !signInPath || !url) return undefined
  const base = url.replace(/\/$/, '')
  return { url: base, signInPath, signInUrl: base + signInPath, audience: audienceOf(name, { upstreams, assertion }) }
}

const withBackstage =
  (check: (backstage: Backstage, scene: Scene) => Promise<Outcome>) =>
  async (scene: Scene): Promise<Outcome> => {
    const backstage = backstageOf(scene.config)
    return backstage === undefined ? nothingToAsk : check(backstage, scene)
  }

async function checkReachable(scene: Scene): Promise<Outcome> {
  return withBackstage(async ({ url }) => {
    const probe = `${url}/.backstage/health/v1/readiness`
    const answer = await scene.get(probe)
    if (answer?.status === 200) return []
    return [
      {
        severity: 'error',
        found: `${url} ${answer === undefined ? `does not answer: ${scene.whySilent(probe)}` : `answers its readiness probe with ${answer.status}`}`,
        meaning: 'People get 502 or 503 in place of Backstage.',
        fix: 'Compare upstreams.backstage.url with backend.listen in app-config.yaml, and look at Backstage’s log.',
      },
    ]
  })(scene)
}

/** Where nothing answers, `backstage-reachable` says so already. */
async function checkModule(scene: Scene): Promise<Outcome> {
  return withBackstage(async ({ signInUrl, signInPath }) => {
    const answer = await scene.get(signInUrl)
    if (answer === undefined || answer.status >= 500) return silent
    if (answer.status === 401 || isSignedIn(answer)) return []
    return [
      {
        severity: 'error',
        found: `Backstage answers ${answer.status} at ${signInPath}`,
        meaning: 'Stagedoor’s auth module is not installed or not configured, so nobody can sign in to Backstage.',
        fix:
          'Add @stagedoor/backstage-plugin-auth-backend-module-stagedoor-provider to Backstage’s backend, and ' +
          'auth.providers.stagedoor.issuer in app-config.yaml.',
      },
    ]
  })(scene)
}

/** One finding for each kind of forgery that was accepted. */
async function checkForgeries(scene: Scene): Promise<Outcome> {
  return withBackstage(async ({ signInUrl, audience }) => {
    const all = await forgeries(scene.config.server.baseUrl, audience, Math.floor(scene.now() / 1000))
    const answers = await Promise.all(
      all.map(async (forgery) => ({ ...forgery, answer: await scene.get(signInUrl, { headers: forgery.headers }) })),
    )
    if (answers.every(({ answer }) => answer === undefined)) return silent
    const accepted = answers.filter(({ answer }) => answer !== undefined && isSignedIn(answer))
    return accepted.map(({ name }) => ({
      severity: 'error' as const,
      found: `DANGER: Backstage accepts an identity ${name}`,
      meaning: 'Whoever reaches Backstage can be anybody.',
      fix:
        'Let only Stagedoor reach Backstage at once. Then replace what answers at /api/auth/stagedoor by Stagedoor’s own ' +
        'auth module, unchanged.',
    }))
  })(scene)
}

async function checkUnsignedProvider(scene: Scene): Promise<Outcome> {
  return withBackstage(async ({ url }) => {
    const answer = await scene.get(`${url}/api/auth/oauth2Proxy/refresh`, { headers: forwardedUser })
    // Installed, whatever it said: without a catalog user of that name it refuses for now.
    if (answer === undefined) return silent
    if (isMissingProvider(answer)) return []
    return [
      {
        severity: isSignedIn(answer) ? 'error' : 'warning',
        found: `Backstage has the provider oauth2Proxy (it answers ${answer.status})`,
        meaning: 'It believes X-Forwarded-User without a signature: whoever reaches Backstage can be anybody.',
        fix: 'Remove auth.providers.oauth2Proxy and its module from Backstage; the module of Stagedoor takes its place.',
      },
    ]
  })(scene)
}

async function checkGuest(scene: Scene): Promise<Outcome> {
  return withBackstage(async ({ url }) => {
    const answer = await scene.get(`${url}/api/auth/guest/refresh`)
    if (answer === undefined) return silent
    if (isMissingProvider(answer)) return []
    return [
      {
        severity: 'warning',
        found: `Backstage has the provider guest (it answers ${answer.status})`,
        meaning: 'Whoever reaches Backstage signs in as a guest, without Stagedoor’s assertion.',
        fix: 'Remove auth.providers.guest and @backstage/plugin-auth-backend-module-guest-provider from Backstage.',
      },
    ]
  })(scene)
}

/** Backstage is the issuer of its own tokens under `backend.baseUrl`, and puts `app.baseUrl` into its page. */
async function checkBaseUrl(scene: Scene): Promise<Outcome> {
  return withBackstage(async ({ url }) => {
    const { baseUrl } = scene.config.server
    const discovery = await scene.get(`${url}/api/auth/.well-known/openid-configuration`)
    const issuer = discovery?.status === 200 ? jsonIn(discovery)?.['issuer'] : undefined
    const page = await scene.get(`${url}/`, { headers: { accept: 'text/html' } })
    const found = [
      {
        option: 'backend.baseUrl',
        value: typeof issuer === 'string' ? issuer.replace(/\/api\/auth\/?$/, '') : undefined,
      },
      { option: 'app.baseUrl', value: page && appBaseUrlIn(page.text) },
    ]
    if (found.every(({ value }) => value === undefined)) return silent
    return found.flatMap(({ option, value }) =>
      value === undefined || value === baseUrl
        ? []
        : [
            {
              severity: 'error' as const,
              found: `Backstage’s ${option} is ${value}, and server.baseUrl is ${baseUrl}`,
              meaning: 'Pages ask the wrong address: cookies, sign-in and links break.',
              fix: `Write ${option}: ${baseUrl} in app-config.yaml.`,
            },
          ],
    )
  })(scene)
}

/** The configuration that Backstage writes into its page. */
export function appBaseUrlIn(html: string): string | undefined {
  const script = /<script type="backstage\.io\/config">([^]*?)<\/script>/.exec(html)?.[1]
  if (script === undefined) return undefined
  return /"app":\{[^{}]*?"baseUrl":"(?<url>[^"]+)"/.exec(script.replaceAll(/\s+/g, ''))?.groups?.['url']
}

async function checkMachine(scene: Scene): Promise<Outcome> {
  const { machines, server } = scene.config
  return withBackstage(async ({ url }) => {
    const [forgery] = await forgeries(server.baseUrl, machines.audience, Math.floor(scene.now() / 1000))
    const token = Object.values(forgery?.headers ?? {})[0] ?? ''
    const headers = { authorization: `Bearer ${token}` }
    const answer = await scene.get(`${url}/api/catalog/entities?limit=1`, { headers })
    if (answer === undefined) return silent
    if (answer.status !== 200) return []
    return [
      {
        severity: 'error',
        found: 'DANGER: Backstage’s catalog answers a machine’s token that nobody signed for it',
        meaning: 'Whoever reaches Backstage reads the catalog.',
        fix:
          'Check backend.auth.externalAccess (type jwks, with issuer, audience and algorithm), and remove ' +
          'backend.auth.dangerouslyDisableDefaultAuthPolicy.',
      },
    ]
  })(scene)
}

/** Backstage answers the first upgrade after its start plainly; any answer will do, none will not. */
async function checkWebSocket(scene: Scene): Promise<Outcome> {
  return withBackstage(async ({ url }) => {
    if ((await scene.get(`${url}/.backstage/health/v1/liveness`)) === undefined) return silent
    if ((await answersUpgrade(`${url}/api/signals`)) || (await answersUpgrade(`${url}/api/signals`))) return []
    return [
      {
        severity: 'warning',
        found: 'Backstage does not answer the upgrade to a WebSocket at /api/signals',
        meaning: 'Notifications and live updates do not arrive.',
        fix: 'Let WebSockets pass what stands between Stagedoor and Backstage.',
      },
    ]
  })(scene)
}

function isSignedIn(answer: Answer): boolean {
  return answer.status === 200 && answer.text.includes('"backstageIdentity"')
}

/** Backstage’s auth plugin answers 404 for providers that it does not have. */
function isMissingProvider({ status }: Answer): boolean {
  return status === 404 || status >= 500
}
