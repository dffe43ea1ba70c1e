import { once } from 'node:events'

import t from 'tap'
import { request } from 'undici'
import { WebSocket } from 'ws'

import { createBrowser } from '../support/browser.ts'
import { startPortal } from './portal.ts'

t.test('requests and answers of Backstage pass unchanged', async (t) => {
  const portal = await startPortal(t)
  const { browser } = await portal.signIn('jane@example.com', undefined, '/catalog')
  const cookie = `stagedoor=${browser.cookiesOf(portal.url).get('stagedoor')}`

  await t.test('Backstage signs in only the person whom the assertion names', async (t) => {
    const refreshed = await browser.fetch(`${portal.url}/api/auth/stagedoor/refresh`)
    t.equal(JSON.parse(refreshed.text).backstageIdentity.identity.userEntityRef, 'user:default/jane')
    const direct = await createBrowser().fetch(`${portal.backstageUrl}/api/auth/stagedoor/refresh`, {
      headers: { 'x-stagedoor-assertion': 'forged' },
    })
    t.equal(direct.status, 401)
  })

  await t.test('an event stream arrives while it is written', async (t) => {
    // The stream lasts for hours: each event arrives before its end.
    const response = await request(`${portal.url}/api/demo/stream?ticks=100000&everyMs=150`, { headers: { cookie } })
    t.equal(response.headers['content-type'], 'text/event-stream')
    let pieces = 0
    for await (const _ of response.body) if (++pieces === 3) break
    t.equal(pieces, 3)
  })

  await t.test(
    'the first upgrade after a start, which Backstage refuses, gets an answer, and the next ones open a WebSocket',
    async (t) => {
      t.not(await statusOfUpgrade(portal.url, cookie), 101)
      t.equal(await statusOfUpgrade(portal.url, cookie), 101)
    },
  )

  await t.test('a WebSocket that another site opens in a person’s name is refused', async (t) => {
    const socket = new WebSocket(`${portal.url.replace('http', 'ws')}/api/signals`, {
      headers: { cookie, origin: 'https://evil.example' },
    })
    socket.on('error', () => {})
    const [, response] = await once(socket, 'unexpected-response')
    t.equal(response.statusCode, 403)
    let body = ''
    for await (const chunk of response) body += chunk
    t.match(body, /STAGEDOOR_PROXY_ORIGIN_REFUSED/)
  })

  await t.test('ten megabytes can be uploaded and downloaded', async (t) => {
    const size = 10 * 1024 * 1024
    const up = await request(`${portal.url}/api/demo/upload`, {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json' },
      body: Buffer.alloc(size, 0x20),
    })
    t.same(await up.body.json(), { bytes: size })
    const down = await request(`${portal.url}/api/demo/download?bytes=${size}`, { headers: { cookie } })
    t.equal((await down.body.arrayBuffer()).byteLength, size)
  })

  await t.test('Backstage serves its own consent page and metadata', async (t) => {
    t.match(await browser.open(`${portal.url}/oauth2/authorize/x`), { status: 200, text: /<div id="root">/ })
    t.equal((await browser.fetch(`${portal.url}/api/auth/.well-known/jwks.json`)).status, 200)
  })
})

async function statusOfUpgrade(url: string, cookie: string): Promise<number> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/signals`, { headers: { cookie, origin: url } })
  socket.on('error', () => {})
  const status = await Promise.race([
    once(socket, 'open').then(() => 101),
    once(socket, 'unexpected-response').then(([, response]) => response.statusCode),
  ])
  socket.terminate()
  return status
}
