import { lookup } from 'node:dns/promises'

import { redisSettings, tryRedis } from '../../assembly/redis.ts'
import { hostOf } from '../../config/values/addresses.ts'
import type { Condition } from '../../telemetry/condition.ts'
import { waysToReach, whyNoAnswer } from '../why-no-answer.ts'
import { type CheckContext, jsonIn } from './check-context.ts'
import { type Check, nothingToAsk } from './check.ts'

const notReached = { because: 'server.baseUrl does not lead to Stagedoor' }

const probePath = ({ server: { baseUrl, prefix } }: CheckContext['config']): string => `${baseUrl}${prefix}/health/live`

/** Checks of the gateway's surroundings: names, certificates, Redis, and the path between browser and gateway. */
export const gatewayChecks: readonly Check[] = [
  {
    id: 'dns',
    title: 'the host name of server.baseUrl resolves',
    severity: 'error',
    meaning: 'Browsers cannot find Stagedoor, and Backstage cannot fetch its keys.',
    fix: 'Create a DNS record for it, or correct server.baseUrl.',
    async run({ config }) {
      const host = hostOf(new URL(config.server.baseUrl))
      return lookup(host).then(
        () => undefined,
        () => `${host} has no address`,
      )
    },
  },
  {
    id: 'redis',
    title: 'Redis answers',
    severity: 'error',
    meaning: 'New logins fail. Sessions in the memory of a process work for session.redis.outageGrace.',
    fix: 'Compare session.redis with the server: address, user, password, TLS; and let the gateway reach it.',
    async run({ config }) {
      if (config.session.redis === undefined) return nothingToAsk
      return tryRedis(redisSettings(config.session.redis)).then(
        () => undefined,
        ({ cause }: Error) => `Redis does not answer, or refuses us: ${whyNoAnswer(cause)}`,
      )
    },
  },
  {
    id: 'base-url',
    title: 'browsers reach Stagedoor at server.baseUrl',
    severity: 'error',
    meaning: 'Browsers do not reach Stagedoor at the address that people type.',
    fix: 'Configure the ingress to send every request to Stagedoor, with its path unchanged.',
    unless: ['dns'],
    async run({ config, get }) {
      const url = probePath(config)
      const { status, text } = await get(url)
      if (status === 200 && text.includes('"status":"ok"')) return undefined
      if (status > 0) return `${url} answers ${status}, but not as Stagedoor does`
      const fix = `Start Stagedoor. If it runs: ${waysToReach(text, new URL(url).host)}`
      return { found: `${url} does not answer: ${text}`, fix }
    },
  },
  {
    id: 'readiness',
    title: 'the running gateway reports no fault',
    severity: 'warning',
    meaning:
      'A service or file that the gateway needs does not work. The gateway serves the requests that do not need it.',
    fix: 'Fix the cause that the reason names; the log has details. See docs/troubleshooting.md.',
    async run({ config: { server }, get }) {
      const conditions = jsonIn(await get(`${server.baseUrl}${server.prefix}/health/ready`))?.['conditions']
      if (!Array.isArray(conditions)) return notReached
      const bad = (conditions as Condition[]).filter(({ status }) => status !== 'ok')
      return bad.map(({ name, status, reason }) => `${name} is ${status}: ${reason}`)
    },
  },
  {
    id: 'cookie',
    title: 'the login’s cookie passes the ingress unchanged',
    severity: 'error',
    meaning: 'Logins end in a loop or with an error: the browser does not bring the cookie back.',
    fix: 'Configure the ingress to pass Set-Cookie unchanged (nginx: no proxy_cookie_path, proxy_cookie_domain, proxy_cookie_flags).',
    /** Starts a login as a browser does, and checks the cookie that arrives through all proxies in between. */
    async run({ config, open }) {
      const { baseUrl, prefix } = config.server
      const { status, headers } = await open(`${baseUrl}${prefix}/login`)
      // Other checks report these causes: Auth0 is down (503), or Stagedoor does not answer.
      if (status !== 302) return { because: 'server.baseUrl does not start a login' }
      const cookie = headers.getSetCookie().find((one) => /^(?:__Host-)?stagedoor-tx\./.test(one))
      return cookieComplaint(cookie, baseUrl.startsWith('https:'))
    },
  },
  {
    id: 'cookie-size',
    title: 'a request with 12 KB of cookies passes the ingress',
    severity: 'warning',
    meaning: 'People with many groups, or with other applications on the host, cannot use the portal.',
    fix: 'Raise the ingress’ limit (nginx: large_client_header_buffers 4 32k), or keep sessions in Redis.',
    async run({ config, get }) {
      const url = probePath(config)
      if ((await get(url)).status !== 200) return notReached
      const { status } = await get(url, { headers: { cookie: `stagedoor-doctor=${'a'.repeat(12_000)}` } })
      if (status === 200) return undefined
      return `a request with 12 KB of cookies is ${status === 0 ? 'cut off' : `answered with ${status}`} on the way`
    },
  },
  {
    id: 'gateway-forgery',
    title: 'a forged identity is refused at server.baseUrl',
    severity: 'error',
    meaning: 'Requests reach Backstage without passing Stagedoor, or a rule makes Backstage’s sign-in public.',
    fix: 'Configure the ingress to send every request to Stagedoor, then run: stagedoor policy explain GET /api/auth/stagedoor/refresh --as anonymous',
    async run({ config, get }) {
      const headers = { 'x-stagedoor-assertion': 'e30.e30.x', 'x-forwarded-user': 'nobody', accept: 'application/json' }
      const { status } = await get(`${config.server.baseUrl}/api/auth/stagedoor/refresh`, { headers })
      if (status === 0) return notReached
      return status === 200 ? 'DANGER: server.baseUrl answers a forged identity with 200' : undefined
    },
  },
]

export function cookieComplaint(cookie: string | undefined, isSecure: boolean): string | undefined {
  if (cookie === undefined) return 'the answer to the login has no cookie'
  const [, ...attributes] = cookie.split(';').map((part) => part.trim().toLowerCase())
  const wanted = ['path=/', 'httponly', 'samesite=lax', ...(isSecure ? ['secure'] : [])]
  const missing = wanted.filter((one) => !attributes.includes(one))
  if (missing.length > 0) return `the login’s cookie arrives without ${missing.join(', ')}`
  return attributes.some((one) => one.startsWith('domain=')) ? 'the login’s cookie arrives with a Domain' : undefined
}
