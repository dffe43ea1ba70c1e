import { X509Certificate } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'

import { pino } from 'pino'

import { openRedis, redisSettings } from '../../assembly/redis.ts'
import { waysToReach } from '../why-no-answer.ts'
import { type Check, type Finding, nothingToAsk, type Outcome, type Scene } from './finding.ts'
import { shakeHands } from './low-level-requests.ts'

/** Checks around the gateway: names, certificates, Redis, and the path of a browser to it. */
export const gatewayChecks: readonly Check[] = [
  { id: 'dns', title: 'the host name of server.baseUrl is known', run: checkDns },
  { id: 'certificate', title: 'certificates are valid for two weeks at least', run: checkCertificates },
  { id: 'redis', title: 'Redis answers', run: checkRedis },
  { id: 'base-url', title: 'browsers reach Stagedoor at server.baseUrl', unless: ['dns'], run: checkBaseUrl },
  { id: 'cookie', title: 'the login’s cookie arrives as it was set', run: checkCookie },
  { id: 'cookie-size', title: '12 KB of cookies pass', run: checkCookieSize },
  { id: 'gateway-forgery', title: 'a forged identity is refused at server.baseUrl', run: checkGateway },
]

const dayMs = 86_400_000
const soonDays = 14

async function checkDns({ config }: Scene): Promise<Outcome> {
  const { hostname } = new URL(config.server.baseUrl)
  const host = hostname.replace(/^\[|\]$/g, '')
  const isKnown = await lookup(host).then(
    () => true,
    () => false,
  )
  if (isKnown) return []
  return [
    {
      severity: 'error',
      found: `${host} has no address`,
      meaning: 'Browsers cannot find Stagedoor, and Backstage cannot fetch its keys.',
      fix: 'Make a DNS record for it, or correct server.baseUrl.',
    },
  ]
}

async function checkCertificates(scene: Scene): Promise<Outcome> {
  const { baseUrl, tls } = scene.config.server
  const served = baseUrl.startsWith('https:') ? await shakeHands(new URL(baseUrl)) : undefined
  const file = tls === undefined ? undefined : await readFile(tls.certificate, 'utf8').catch(() => undefined)
  const all = [
    { place: baseUrl, certificate: served?.certificate },
    { place: tls?.certificate ?? '', certificate: file === undefined ? undefined : new X509Certificate(file) },
  ]
  if (all.every(({ certificate }) => certificate === undefined)) return nothingToAsk
  return all.flatMap(({ place, certificate }) => {
    if (certificate === undefined) return []
    const days = Math.floor((Date.parse(certificate.validTo) - scene.now()) / dayMs)
    return days >= soonDays ? [] : [certificateFinding(place, days)]
  })
}

function certificateFinding(place: string, days: number): Finding {
  return {
    severity: days < 0 ? 'error' : 'warning',
    found: days < 0 ? `the certificate of ${place} has expired` : `the certificate of ${place} expires in ${days} days`,
    meaning: 'Browsers refuse the site, and Backstage cannot fetch Stagedoor’s keys.',
    fix: 'Renew it; server.tls takes up new files within 10 s.',
  }
}

async function checkRedis({ config }: Scene): Promise<Outcome> {
  if (config.session.redis === undefined) return nothingToAsk
  const redis = await openRedis(redisSettings(config.session.redis), pino({ level: 'silent' }))
  const answers = redis.isReady()
  redis.close()
  if (answers) return []
  return [
    {
      severity: 'error',
      found: 'Redis does not answer, or refuses us',
      meaning: 'New logins fail. Sessions in the memory of a process work for session.redis.outageGrace.',
      fix: 'Compare session.redis with the server: address, user, password, TLS; and let the gateway reach it.',
    },
  ]
}

const notReached = { because: 'server.baseUrl does not lead to Stagedoor' }

const probePath = ({ server: { baseUrl, prefix } }: Scene['config']): string => `${baseUrl}${prefix}/health/live`

async function checkBaseUrl(scene: Scene): Promise<Outcome> {
  const url = probePath(scene.config)
  const answer = await scene.get(url)
  if (answer?.status === 200 && answer.text.includes('"status":"ok"')) return []
  const meaning = 'Browsers do not reach Stagedoor at the address that people type.'
  if (answer === undefined) {
    const reason = scene.whySilent(url)
    const found = `${url} does not answer: ${reason}`
    const fix = `Start Stagedoor. Where it runs: ${waysToReach(reason, new URL(url).host)}`
    return [{ severity: 'error', found, meaning, fix }]
  }
  const found = `${url} answers ${answer.status}, and not as Stagedoor does`
  const fix = 'Have the ingress send everything to Stagedoor, paths unchanged.'
  return [{ severity: 'error', found, meaning, fix }]
}

/** Starts a login as a browser does, and looks at the cookie that comes back through everything in between. */
async function checkCookie(scene: Scene): Promise<Outcome> {
  const { baseUrl, prefix } = scene.config.server
  const answer = await scene.open(`${baseUrl}${prefix}/login`)
  // 503 where Auth0 is away, and no Stagedoor at all: other checks say so.
  if (answer === undefined || answer.status !== 302) return { because: 'no login begins at server.baseUrl' }
  const cookie = answer.headers.getSetCookie().find((one) => /^(?:__Host-)?stagedoor-tx\./.test(one))
  const complaint = cookieComplaint(cookie, baseUrl.startsWith('https:'))
  if (complaint === undefined) return []
  return [
    {
      severity: 'error',
      found: complaint,
      meaning: 'Logins end in a loop or with an error: the browser does not bring the cookie back.',
      fix: 'Let the ingress leave Set-Cookie as it is (nginx: no proxy_cookie_path, proxy_cookie_domain, proxy_cookie_flags).',
    },
  ]
}

export function cookieComplaint(cookie: string | undefined, isSecure: boolean): string | undefined {
  if (cookie === undefined) return 'the login answers without its cookie'
  const attributes = new Set(
    cookie
      .split(';')
      .slice(1)
      .map((part) => part.trim().toLowerCase()),
  )
  const wanted = ['path=/', 'httponly', 'samesite=lax', ...(isSecure ? ['secure'] : [])]
  const missing = wanted.filter((one) => !attributes.has(one))
  if (missing.length > 0) return `the login’s cookie lost ${missing.join(', ')}`
  return [...attributes].some((one) => one.startsWith('domain=')) ? 'the login’s cookie got a Domain' : undefined
}

async function checkCookieSize(scene: Scene): Promise<Outcome> {
  const url = probePath(scene.config)
  if ((await scene.get(url))?.status !== 200) return notReached
  const answer = await scene.get(url, { headers: { cookie: `stagedoor-doctor=${'a'.repeat(12_000)}` } })
  if (answer?.status === 200) return []
  return [
    {
      severity: 'warning',
      found: `12 KB of cookies are ${answer === undefined ? 'cut off' : `answered with ${answer.status}`} on the way`,
      meaning: 'People with many groups, or with other applications on the host, cannot use the portal.',
      fix: 'Raise the ingress’ limit (nginx: large_client_header_buffers 4 32k), or keep sessions in Redis.',
    },
  ]
}

async function checkGateway(scene: Scene): Promise<Outcome> {
  const { baseUrl } = scene.config.server
  const headers = { 'x-stagedoor-assertion': 'e30.e30.x', 'x-forwarded-user': 'nobody', accept: 'application/json' }
  const answer = await scene.get(`${baseUrl}/api/auth/stagedoor/refresh`, { headers })
  if (answer === undefined) return notReached
  if (answer.status !== 200) return []
  return [
    {
      severity: 'error',
      found: 'DANGER: a forged identity is answered with 200 through server.baseUrl',
      meaning: 'Requests reach Backstage without Stagedoor, or a rule makes its sign-in public.',
      fix: 'Have the ingress send everything to Stagedoor, and look at: stagedoor policy explain GET /api/auth/stagedoor/refresh',
    },
  ]
}
