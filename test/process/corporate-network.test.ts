import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createServer as createTlsServer } from 'node:tls'

import t, { type Test } from 'tap'
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici'
import { stringify } from 'yaml'

import { startLocalAuth0 } from '../../auth0/local/server.ts'
import { repositoryRoot } from '../../scripts/testing/command.ts'
import { createFetch } from '../../src/process/outgoing-fetch.ts'
import { createBrowser } from '../support/browser.ts'
import { startCertificates } from '../support/certificates.ts'
import { endWithUs } from '../support/children.ts'
import { startForwardProxy } from '../support/forward-proxy.ts'
import { startOrigin } from '../support/origin.ts'
import { startOtlpReceiver } from '../support/otlp-receiver.ts'
import { freePort } from '../support/ports.ts'
import { passLoginPage } from '../support/stack.ts'
import { until } from '../support/until.ts'

/** The local Auth0 behind TLS, with a certificate of an authority that Node does not know. */
async function startPrivateAuth0(t: Test, callbacks: string[]) {
  const { certificate, key } = await startCertificates(t)
  const [port, innerPort] = [await freePort(), await freePort()]
  const issuer = `https://localhost:${port}/`
  const auth0 = await startLocalAuth0({ issuer, callbacks, port: innerPort })
  t.teardown(() => auth0.close())
  const server = createServer({ cert: await readFile(certificate), key: await readFile(key) }, (request, response) => {
    const { method, url: path, headers } = request
    const asked = httpRequest({ port: innerPort, method, path, headers }, (answer) => {
      // The local Auth0 does not know that it is behind TLS.
      const { location } = answer.headers
      if (location) answer.headers.location = location.replace(/^http:\/\/localhost:\d+\/(?!\.stagedoor)/, issuer)
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    request.pipe(asked)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { auth0, issuer, ca: certificate, key, host: `localhost:${port}` }
}

/** Receivers of records, spans and log lines, with certificates of the same authority. */
async function startCollectors(t: Test, { ca, key }: { ca: string; key: string }) {
  const tls = { cert: await readFile(ca, 'utf8'), key: await readFile(key, 'utf8') }
  const [records, otlp] = [await startOtlpReceiver(t, { tls }), await startOtlpReceiver(t, { tls })]
  const lines: string[] = []
  const syslog = createTlsServer(tls, (socket) => void socket.on('data', (data) => lines.push(data.toString())))
  syslog.listen(0, '127.0.0.1')
  await once(syslog, 'listening')
  const sockets = new Set<Socket>()
  syslog.on('connection', (socket: Socket) => sockets.add(socket))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    syslog.close()
  })
  const { port } = syslog.address() as AddressInfo
  const queue = join(dirname(ca), 'queue')
  return {
    hosts: [records, otlp].map(({ url }) => new URL(url).host),
    syslogHost: `localhost:${port}`,
    areHeard: () => records.asked.length > 0 && otlp.spans.length > 0 && lines.length > 0,
    config: {
      audit: {
        sinks: [
          { http: { url: `${records.url}/ingest`, queue } },
          { syslog: { host: 'localhost', port, ca: { $file: ca } } },
        ],
      },
      telemetry: { otlp: { endpoint: otlp.url, protocol: 'http/json', sampleRatio: 1 } },
    },
  }
}

type Answer = { status: string; conditions: { name: string; status: string }[] }

/** Starts the gateway as a process with this environment. @returns its readiness and its admin listener */
async function startGateway(t: Test, config: Record<string, object>, env: NodeJS.ProcessEnv) {
  const { certificate } = await startCertificates(t)
  const file = join(dirname(certificate), 'stagedoor.yaml')
  const adminPort = await freePort()
  const { server, ...rest } = config
  await writeFile(
    file,
    stringify({ server: { ...server, admin: { port: adminPort } }, ...rest, log: { level: 'error' } }),
  )
  const child = spawn(process.execPath, ['src/cli/main.ts', 'start', '--config', file], {
    cwd: repositoryRoot,
    env: { ...process.env, NODE_NO_WARNINGS: '1', ...env },
    stdio: 'ignore',
  })
  endWithUs(child)
  t.teardown(async () => {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  })
  const ready = async (): Promise<Answer | undefined> => {
    const answer = await fetch(`http://127.0.0.1:${adminPort}/.stagedoor/health/ready`).catch(() => undefined)
    return answer && ((await answer.json()) as Answer)
  }
  await until(async () => (await ready()) !== undefined)
  return { auth0: async () => (await ready())?.conditions.find(({ name }) => name === 'auth0')?.status }
}

/** @param more options of `auth0` */
async function startStack(t: Test, env: NodeJS.ProcessEnv, useOption: boolean, more = {}) {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const outside = await startPrivateAuth0(t, [`${url}/.stagedoor/callback`])
  const origin = await startOrigin(t)
  const collectors = await startCollectors(t, outside)
  const { clientId, clientSecret } = outside.auth0
  const config = {
    server: { baseUrl: url, listen: { host: '127.0.0.1', port } },
    auth0: {
      issuer: outside.issuer,
      clientId,
      clientSecrets: [clientSecret],
      ...(useOption ? { tls: { ca: { $file: outside.ca } } } : {}),
      ...more,
    },
    session: { secrets: ['a secret for tests, at least 32 characters'] },
    upstreams: { backstage: { url: origin.url } },
    routes: [{ name: 'everything', path: '/**', allow: 'authenticated' }],
    ...(useOption ? collectors.config : {}),
  }
  const gateway = await startGateway(t, config, { ...env, ...(env['CA'] ? { NODE_EXTRA_CA_CERTS: outside.ca } : {}) })
  return { url, outside, gateway, collectors, config }
}

const managementSecret = 'stagedoor-management-secret-for-local-use-only'

t.test('with a proxy and a private certificate authority, people sign in, and records and spans arrive', async (t) => {
  const proxy = await startForwardProxy(t)
  const events = { pull: { clientId: 'stagedoor-management', clientSecret: managementSecret } }
  const { url, outside, gateway, collectors } = await startStack(t, { HTTPS_PROXY: proxy.url }, true, { events })
  await until(async () => (await gateway.auth0()) === 'ok')
  // The browser of this test uses undici's own client.
  const trusting = new Agent({ connect: { ca: await readFile(outside.ca, 'utf8') } })
  const usual = getGlobalDispatcher()
  setGlobalDispatcher(trusting)
  t.teardown(async () => {
    setGlobalDispatcher(usual)
    await trusting.destroy()
  })
  const browser = createBrowser()
  const page = await passLoginPage(await browser.open(`${url}/`), browser, 'jane@example.com')
  t.equal(page.status, 200)
  t.match(page.text, /"url":"\/"/)
  const asked = await proxy.asked()
  t.ok(asked.length > 0)
  await until(() => outside.auth0.counters.events > 0)
  await until(() => collectors.areHeard())
  t.same(
    new Set(await proxy.asked()),
    new Set([outside.host, ...collectors.hosts]),
    'Auth0 with its events, the HTTP sink and OTLP; upstreams and syslog are asked directly',
  )
})

t.test('requests to hosts in NO_PROXY bypass the proxy', async (t) => {
  const proxy = await startForwardProxy(t)
  const { gateway } = await startStack(t, { HTTPS_PROXY: proxy.url, NO_PROXY: 'localhost' }, true)
  await until(async () => (await gateway.auth0()) === 'ok')
  t.same(await proxy.asked(), [])
})

t.test('NODE_EXTRA_CA_CERTS works as well as auth0.tls.ca', async (t) => {
  const { gateway } = await startStack(t, { CA: 'yes' }, false)
  await until(async () => (await gateway.auth0()) === 'ok')
})

t.test('without either, the certificate of Auth0 is not trusted', async (t) => {
  const proxy = await startForwardProxy(t)
  const { gateway } = await startStack(t, { HTTPS_PROXY: proxy.url }, false)
  await until(async () => (await proxy.asked()).length > 0)
  t.equal(await gateway.auth0(), 'degraded')
})

t.test(
  'the commands reach Auth0 and its Management API through the proxy with the private certificate authority',
  async (t) => {
    const proxy = await startForwardProxy(t)
    const { outside, config } = await startStack(t, { HTTPS_PROXY: proxy.url, CA: 'yes' }, false)
    const folder = dirname(outside.ca)
    const [file, secret] = [join(folder, 'doctor.yaml'), join(folder, 'secret')]
    await writeFile(file, stringify(config))
    await writeFile(secret, outside.auth0.clientSecret)
    const run = async (...args: string[]) => {
      const child = spawn(process.execPath, ['src/cli/main.ts', ...args], {
        cwd: repositoryRoot,
        env: {
          ...process.env,
          NODE_NO_WARNINGS: '1',
          HTTPS_PROXY: proxy.url,
          NODE_EXTRA_CA_CERTS: outside.ca,
          AUTH0_ISSUER: outside.issuer,
          AUTH0_CLIENT_ID: outside.auth0.clientId,
          STAGEDOOR_MANAGEMENT_CLIENT_ID: 'stagedoor-management',
          STAGEDOOR_MANAGEMENT_CLIENT_SECRET: managementSecret,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      endWithUs(child)
      const [out, err, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
      return { said: out + err, exitCode: exitCode as number }
    }
    const before = (await proxy.asked()).length
    const doctor = await run('doctor', '--config', file, '--skip', 'backstage')
    t.match(doctor.said, /✓ Auth0 can be discovered[^]*✓ Auth0 accepts the client secret/)
    const asked = (await proxy.asked()).length
    t.ok(asked > before, 'by the proxy')
    const state = ['--state', join(folder, 'state'), '--settle', '0', '--no-wait']
    const rotation = await run('rotate', 'client-secret', '--to', `file:${secret}`, ...state)
    t.equal(rotation.exitCode, 0, rotation.said)
    t.equal(await readFile(secret, 'utf8'), outside.auth0.tenant.clients[0]?.clientSecret)
    t.ok((await proxy.asked()).length > asked)
  },
)

t.test('without a proxy and certificates, requests use Node’s own fetch', async (t) => {
  t.equal(await createFetch({}), fetch)
})
