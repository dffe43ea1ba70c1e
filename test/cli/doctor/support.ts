import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { request as ask, type IncomingMessage, type RequestListener } from 'node:http'
import { join } from 'node:path'

import type { Test } from 'tap'
import { stringify } from 'yaml'

import type { LocalAuth0Options } from '../../../auth0/local/server.ts'
import type { Finding } from '../../../src/cli/doctor/check.ts'
import { runCommand } from '../../support/command.ts'
import { startOrigin } from '../../support/origin.ts'
import { freePort } from '../../support/ports.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { temporaryFolder } from '../rotate/support.ts'

export type Fault = {
  /** Faulty sections of the configuration. */
  config?: Record<string, object>
  /** Sections of the running gateway only; the doctor's file lacks them. */
  gateway?: Record<string, object>
  auth0?: LocalAuth0Options
  /** Answers in place of Backstage, by path; status 0 cuts the connection. */
  backstage?: Record<string, { status: number; body?: unknown }>
  /** Switches a fault on once everything runs. */
  cause?: (stack: Stack) => void
  now?: () => number
  /** The behaviour of an ingress before Stagedoor. */
  ingress?: Ingress
  arguments?: string[]
  /** The command to run; default: the doctor. */
  command?: string[]
}

type Ingress = {
  /** The status of the ingress's own answer; undefined passes the request on. */
  answer?: (request: IncomingMessage) => number | undefined
  cookie?: (cookie: string) => string
}

async function startIngress(t: Test, port: number, { answer, cookie = (same) => same }: Ingress): Promise<number> {
  const { url } = await startOrigin(t, (request, response) => {
    const status = answer?.(request)
    if (status !== undefined) {
      response.writeHead(status).end('Welcome to the ingress')
      return
    }
    const { method, url: path, headers } = request
    const passed = ask({ host: '127.0.0.1', port, method, path, headers }, (received) => {
      const cookies = received.headers['set-cookie']
      if (cookies !== undefined) received.headers['set-cookie'] = cookies.map(cookie)
      response.writeHead(received.statusCode ?? 502, received.headers)
      received.pipe(response)
    })
    request.pipe(passed)
  })
  return Number(new URL(url).port)
}

/** The endpoints of Backstage that the doctor uses. */
export function backstageLike(url: string, changed: Fault['backstage'] = {}): RequestListener {
  const missing = { status: 404, body: { error: { name: 'NotFoundError' } } }
  const unauthenticated = { status: 401, body: { error: { name: 'AuthenticationError' } } }
  const answers = new Map<string, { status: number; body?: unknown }>(
    Object.entries({
      '/.backstage/health/v1/readiness': { status: 200, body: { status: 'ok' } },
      '/api/auth/stagedoor/refresh': unauthenticated,
      '/api/auth/guest/refresh': missing,
      '/api/auth/oauth2Proxy/refresh': missing,
      '/api/auth/.well-known/openid-configuration': { status: 200, body: { issuer: `${url}/api/auth` } },
      '/api/catalog/entities': unauthenticated,
      ...changed,
    }),
  )
  return (request, response) => {
    const { status, body = {} } = answers.get(request.url?.split('?')[0] ?? '') ?? { status: 200 }
    if (status === 0) request.socket.destroy()
    else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
}

/** A correct setup except for the fault. @returns the doctor's findings as JSON */
export async function examine(t: Test, fault: Fault = {}) {
  const port = await freePort()
  const publicPort = fault.ingress && (await startIngress(t, port, fault.ingress))
  const url = `http://localhost:${publicPort ?? port}`
  const stack = await startStack(t, {
    port,
    ...(publicPort !== undefined && { publicPort }),
    upstream: backstageLike(url, fault.backstage),
    ...(fault.gateway && { config: fault.gateway }),
    auth0: { lifetimes: { rotationLeewaySeconds: 60 }, ...fault.auth0 },
  })
  fault.cause?.(stack)
  const { auth0 } = stack
  const file = join(await temporaryFolder(t), 'stagedoor.yaml')
  const sections: Record<string, object> = {
    server: { baseUrl: url },
    auth0: { issuer: auth0.issuer, clientId: auth0.clientId, clientSecrets: [auth0.clientSecret] },
    session: { secrets: ['a secret for tests, at least 32 characters'] },
    upstreams: { backstage: { url: stack.origin.url } },
    routes: [{ name: 'everything', path: '/**', allow: 'authenticated' }],
  }
  for (const [name, change] of Object.entries(fault.config ?? {})) sections[name] = { ...sections[name], ...change }
  await writeFile(file, stringify(sections))
  const env = { STAGEDOOR_MANAGEMENT_TOKEN: fault.arguments ? await managementToken(stack) : undefined }
  const command = fault.command ?? ['doctor', '--json', ...(fault.arguments ?? [])]
  const seen = await runCommand([...command, '--config', file], { env, now: fault.now ?? Date.now })
  const { findings = [] } = JSON.parse(fault.command === undefined && seen.out ? seen.out : '{}') as {
    findings?: Finding[]
  }
  // Every stack on localhost has `info` findings. They are no faults.
  const ids = findings.filter(({ severity }) => severity !== 'info').map(({ id }) => id)
  return { ...seen, findings, ids: [...new Set(ids)], stack }
}

async function managementToken({ auth0 }: Stack): Promise<string> {
  const { clientId, clientSecret } = auth0.management
  const grant = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }
  const body = new URLSearchParams({ ...grant, audience: `${auth0.issuer}api/v2/` })
  const response = await fetch(`${auth0.issuer}oauth/token`, { method: 'POST', body })
  return ((await response.json()) as { access_token: string }).access_token
}

export function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  return privateKey
}

export function puller(change: object = {}) {
  const clientSecret = 'stagedoor-management-secret-for-local-use-only'
  return { clientId: 'stagedoor-management', clientSecret, ...change }
}

export const demoAudience = 'https://backstage.example.com/api'
export const setApi = (settings: Record<string, unknown>) => (stack: Stack) => {
  const api = stack.auth0.tenant.apis.find(({ identifier }) => identifier === demoAudience)
  if (api !== undefined) api.settings = settings
}
export const setStreams =
  (...eventStreams: Record<string, unknown>[]) =>
  (stack: Stack) => {
    stack.auth0.tenant.configuration.eventStreams = eventStreams.map((stream) => ({
      ...stream,
      destination: { type: 'webhook', configuration: { webhook_endpoint: `${stack.url}/.stagedoor/events` } },
    }))
  }
export const webhook = { tokens: ['a token of thirty-two characters and more'] }

export const signedIn = { status: 200, body: { backstageIdentity: { token: 'a' } } }
export const setConnections =
  (...connections: Stack['auth0']['tenant']['configuration']['connections']) =>
  (stack: Stack) =>
    void (stack.auth0.tenant.configuration.connections = connections)

/** A post-login Action that sets the claims which Stagedoor reads by default. */
export const setAction =
  ({ isDeployed, isBound, code = "const namespace = 'https://stagedoor.example.com/'" }: SomeAction) =>
  ({ auth0: { tenant } }: Stack) => {
    const action = { id: 'action', name: 'Stagedoor', code, supported_triggers: [{ id: 'post-login', version: 'v3' }] }
    tenant.configuration.actions = [{ ...action, status: 'built', ...(isDeployed ? { deployedCode: code } : {}) }]
    tenant.configuration.bindings.set('post-login', isBound ? [{ actionId: 'action', displayName: 'Stagedoor' }] : [])
  }

type SomeAction = { isDeployed: boolean; isBound: boolean; code?: string }

export const setClient = (change: object) => (stack: Stack) =>
  stack.auth0.switches.setClient(stack.auth0.clientId, change)
