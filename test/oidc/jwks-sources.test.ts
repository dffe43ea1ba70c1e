import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import t from 'tap'

import { fetchDocument } from '../../src/oidc/bounded-fetch.ts'
import { createJwksFetch, discoverJwksUrl } from '../../src/oidc/jwks-source.ts'
import { createFileJwksStore, forgetfulJwksStore } from '../../src/oidc/jwks-store.ts'
import { startOrigin } from '../support/origin.ts'

const limits = { fetch: fetch as never, signal: AbortSignal.timeout(30_000), maxBytes: 1_000 }

const answering = (body: string, status = 200) => ({
  ...limits,
  fetch: (async () => new Response(body, { status })) as never,
})

t.test('a document is accepted only from a 200 within its size limit, without redirects', async (t) => {
  const { url } = await startOrigin(t, (request, response) => {
    if (request.url === '/redirect') response.writeHead(302, { location: '/small' }).end()
    else if (request.url === '/large') response.end('x'.repeat(1_001))
    else if (request.url === '/empty') response.writeHead(204).end()
    else response.end('small')
  })
  t.equal(await fetchDocument(`${url}/small`, limits), 'small')
  await t.rejects(fetchDocument(`${url}/redirect`, limits), /answered 302/)
  await t.rejects(fetchDocument(`${url}/large`, limits), /more than 1000 bytes/)
  await t.rejects(fetchDocument(`${url}/empty`, limits), /answered 204/)
})

t.test('the URL of the keys comes from the issuer’s own document and uses https', async (t) => {
  const issuer = 'https://issuer.example/'
  const discover = (document: unknown, named = issuer) => discoverJwksUrl(named, answering(JSON.stringify(document)))
  t.equal(await discover({ issuer, jwks_uri: 'https://keys.example/jwks' }), 'https://keys.example/jwks')
  const plain = 'http://127.0.0.1:4000'
  t.equal(await discover({ issuer: plain, jwks_uri: `${plain}/jwks` }, plain), `${plain}/jwks`)
  await t.rejects(
    discover({ issuer: 'https://other.example/', jwks_uri: 'https://x.example' }),
    /names https:\/\/other/,
  )
  await t.rejects(discover({ issuer, jwks_uri: 'http://keys.example/jwks' }), /no https jwks_uri/)
  await t.rejects(discover({ issuer }), /no https jwks_uri/)
  await t.rejects(discover({ issuer, jwks_uri: 'nonsense' }), /no https jwks_uri/)
  await t.rejects(discover(null), /as its issuer/)
})

t.test('the URL of the keys is looked up again only after a failure', async (t) => {
  let discoveries = 0
  let isDown = false
  const fetchKeys = createJwksFetch(
    async () => `https://keys.example/${(discoveries += 1)}`,
    async (url) => {
      if (isDown) throw new Error('down')
      return url
    },
  )
  t.equal(await fetchKeys(limits.signal), 'https://keys.example/1')
  t.equal(await fetchKeys(limits.signal), 'https://keys.example/1')
  isDown = true
  await t.rejects(fetchKeys(limits.signal))
  isDown = false
  t.equal(await fetchKeys(limits.signal), 'https://keys.example/2')
})

const kept = (uat = 1) => ({ jwks: { keys: [] }, uat })

t.test('stored keys of several issuers share one file that only its owner may read', async (t) => {
  const path = join(t.testdir({}), 'deep', 'jwks.json')
  const store = createFileJwksStore(path)
  t.equal(await store.read('a'), undefined)
  await Promise.all([store.write('a', kept()), store.write('b', kept())])
  await store.write('a', kept(2))
  t.same(await store.read('a'), kept(2))
  t.same(await store.read('b'), kept())
  t.equal((await stat(path)).mode & 0o777, 0o600)
})

t.test('an invalid file is an error when read, and is replaced when written', async (t) => {
  const path = join(t.testdir({}), 'jwks.json')
  await writeFile(path, '{broken')
  const store = createFileJwksStore(path)
  await t.rejects(store.read('a'))
  await store.write('a', kept())
  t.same(await store.read('a'), kept())
  await writeFile(path, '{"a":"no keys"}')
  t.equal(await store.read('a'), undefined)
  await writeFile(path, '{"a":{"jwks":{"keys":[]}}}')
  t.equal(await store.read('a'), undefined)
})

t.test('after a failed write the next write is still tried', async (t) => {
  const folder = t.testdir({})
  const path = join(folder, 'jwks.json')
  await mkdir(path)
  const store = createFileJwksStore(path)
  await t.rejects(store.write('a', kept()))
  await t.rejects(store.write('a', kept()))
})

t.test('without a file no keys are stored', async (t) => {
  await forgetfulJwksStore.write('a', kept())
  t.equal(await forgetfulJwksStore.read('a'), undefined)
})
