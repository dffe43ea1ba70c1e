import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'

import type { Test } from 'tap'

import { type LocalAuth0, type LocalAuth0Options, startLocalAuth0 } from '../../auth0/local/server.ts'
import { startCertificates } from './certificates.ts'
import { freePort } from './ports.ts'

export type TlsAuth0 = LocalAuth0 & {
  /** Host and port, as `AUTH0_DOMAIN`. */
  domain: string
  /** The certificate that clients have to trust. */
  certificate: string
  /** A token for the Management API with every scope of the local Auth0. */
  managementToken: () => Promise<string>
  /** Every request, as `GET /api/v2/clients?page=0`. */
  requests: string[]
}

/** The local Auth0 behind TLS, for programs that support only `https://`. */
export async function startTlsAuth0(t: Test, options: LocalAuth0Options = {}): Promise<TlsAuth0> {
  const { certificate, key } = await startCertificates(t)
  const requests: string[] = []
  const port = await freePort()
  const front = createServer({ key: await readFile(key), cert: await readFile(certificate) }, (asked, answer) => {
    const { method, url: path, headers } = asked
    requests.push(`${method} ${path}`)
    console.error(method, path)
    const passedOn = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers)
      response.pipe(answer)
    })
    passedOn.once('error', () => answer.destroy())
    asked.pipe(passedOn)
  })
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  const domain = `localhost:${(front.address() as AddressInfo).port}`
  const auth0 = await startLocalAuth0({ ...options, port, issuer: `https://${domain}/` })
  t.teardown(async () => {
    front.closeAllConnections()
    await new Promise((resolve) => front.close(resolve))
    await auth0.close()
  })
  async function managementToken(): Promise<string> {
    const { clientId: client_id, clientSecret: client_secret } = auth0.management
    const audience = `${auth0.issuer}api/v2/`
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret, audience })
    const answer = await fetch(`http://127.0.0.1:${port}/oauth/token`, { method: 'POST', body: form })
    const { access_token: token } = (await answer.json()) as { access_token: string }
    return token
  }
  return { ...auth0, domain, certificate, managementToken, requests }
}
