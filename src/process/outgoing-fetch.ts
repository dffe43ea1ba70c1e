import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { getCACertificates } from 'node:tls'

import type { AgentFor } from '../telemetry/otlp.ts'

const proxyVariables = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']

/**
 * Creates the `fetch` for other services, such as Auth0 and audit sinks. It uses the proxy that `HTTPS_PROXY`, `HTTP_PROXY` and
 * `NO_PROXY` name. Upstreams and Redis are not reached this way.
 * @param ca certificate authorities (PEM) in addition to those that Node trusts (including `NODE_EXTRA_CA_CERTS`)
 */
export async function createFetch(env: NodeJS.ProcessEnv, ca?: string): Promise<typeof fetch> {
  if (!hasProxy(env) && ca === undefined) return fetch
  // Load undici only if it is needed: Node's own fetch takes neither a proxy nor certificates.
  const undici = await import('undici')
  const tls = ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] }
  const dispatcher = new undici.EnvHttpProxyAgent({
    ...proxiesIn(env),
    connect: tls,
    requestTls: tls,
    proxyTls: tls,
  })
  return ((input: string, init: object) => undici.fetch(input, { ...init, dispatcher })) as unknown as typeof fetch
}

/** Creates agents for senders that use Node's `http`, such as OTLP. */
export function createAgentFor(env: NodeJS.ProcessEnv, ca?: string): AgentFor {
  const { httpProxy, httpsProxy, noProxy } = proxiesIn(env)
  const proxyEnv = { http_proxy: httpProxy, https_proxy: httpsProxy, no_proxy: noProxy }
  const tls = ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] }
  return (protocol) =>
    protocol === 'http:'
      ? new HttpAgent({ keepAlive: true, proxyEnv })
      : new HttpsAgent({ keepAlive: true, proxyEnv, ...tls })
}

/** Whether the environment names a proxy for calls to other services. */
export function hasProxy(env: NodeJS.ProcessEnv): boolean {
  return proxyVariables.some((name) => env[name])
}

/** The proxies in the given environment. They are passed on, so that undici does not read the environment of the process. */
function proxiesIn(env: NodeJS.ProcessEnv) {
  const httpProxy = env['http_proxy'] ?? env['HTTP_PROXY'] ?? ''
  return {
    httpProxy,
    httpsProxy: env['https_proxy'] ?? env['HTTPS_PROXY'] ?? httpProxy,
    noProxy: env['no_proxy'] ?? env['NO_PROXY'] ?? '',
  }
}
