import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { createServer } from 'node:https'
import { dirname, join } from 'node:path'

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
import { passLoginPage } from '../support/house.ts'
import { startOrigin } from '../support/origin.ts'
import { freePort } from '../support/ports.ts'
import { until } from '../support/until.ts'

/** The stand-in behind TLS, with a certificate of an authority that Node does not know. */
async function startPrivateAuth0(t: Test, callbacks: string[]) {
  const { certificate, key } = await startCertificates(t)
  const [port, innerPort] = [await freePort(), await freePort()]
  const issuer = `https://localhost:${port}/`
  const auth0 = await startLocalAuth0({ issuer, callbacks, port: innerPort })
  t.teardown(() => auth0.close())
  const server = createServer({ cert: await readFile(certificate), key: await readFile(key) }, (request, response) => {
    const { method, url: path, headers } = request
    const asked = httpRequest({ port: innerPort, method, path, headers }, (answer) => {
      // The stand-in does not know that it is behind TLS.
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
  return { auth0, issuer, ca: certificate, host: `localhost:${port}` }
}

type Answer = { status: string; conditions: { name: string; status: string }[] }

/** The gateway as a process, with this environment. @returns its readiness, and its admin listener */
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

async function startHouse(t: Test, env: NodeJS.ProcessEnv, useOption: boolean) {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const outside = await startPrivateAuth0(t, [`${url}/.stagedoor/callback`])
  const origin = await startOrigin(t)
  const { clientId, clientSecret } = outside.auth0
  const config = {
    server: { baseUrl: url, listen: { host: '127.0.0.1', port } },
    auth0: {
      issuer: outside.issuer,
      clientId,
      clientSecrets: [clientSecret],
      ...(useOption ? { tls: { ca: { $file: outside.ca } } } : {}),
    },
    session: { secrets: ['a secret for tests, at least 32 characters'] },
    upstreams: { backstage: { url: origin.url } },
    routes: [{ name: 'everything', path: '/**', allow: 'authenticated' }],
  }
  const gateway = await startGateway(t, config, { ...env, ...(env['CA'] ? { NODE_EXTRA_CA_CERTS: outside.ca } : {}) })
  return { url, outside, gateway }
}

t.test('through a proxy, and with an authority of the company’s own, people sign in', async (t) => {
  const proxy = await startForwardProxy(t)
  const { url, outside, gateway } = await startHouse(t, { HTTPS_PROXY: proxy.url }, true)
  await until(async () => (await gateway.auth0()) === 'ok')
  // The browser of this test asks with undici's own client.
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
  t.same(new Set(asked), new Set([outside.host]), 'Auth0, and nothing else: upstreams are asked directly')
})

t.test('NO_PROXY names hosts that are asked directly', async (t) => {
  const proxy = await startForwardProxy(t)
  const { gateway } = await startHouse(t, { HTTPS_PROXY: proxy.url, NO_PROXY: 'localhost' }, true)
  await until(async () => (await gateway.auth0()) === 'ok')
  t.same(await proxy.asked(), [])
})

t.test('NODE_EXTRA_CA_CERTS does as well as auth0.tls.ca', async (t) => {
  const { gateway } = await startHouse(t, { CA: 'yes' }, false)
  await until(async () => (await gateway.auth0()) === 'ok')
})

t.test('without either, Auth0 is not believed', async (t) => {
  const proxy = await startForwardProxy(t)
  const { gateway } = await startHouse(t, { HTTPS_PROXY: proxy.url }, false)
  await until(async () => (await proxy.asked()).length > 0)
  t.equal(await gateway.auth0(), 'degraded')
})

t.test('without a proxy and certificates, Node’s own fetch asks', async (t) => {
  t.equal(await createFetch({}), fetch)
})
