import { decodeJwt } from 'jose'
import t from 'tap'

import { startOrigin } from '../support/origin.ts'
import { freePort } from '../support/ports.ts'
import { exchange } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

t.test('each upstream gets assertions for its own audience only', async (t) => {
  const docs = await startOrigin(t)
  const search = await startOrigin(t)
  const stack = await startStack(t, {
    config: {
      upstreams: {
        docs: { url: docs.url, rewrite: { from: '/docs' } },
        search: { url: search.url, assertion: { audience: 'urn:search', headers: ['assertion', 'oauth2-proxy'] } },
      },
      routes: [
        { name: 'docs', path: '/docs/**', allow: 'authenticated', upstream: 'docs' },
        { name: 'search', path: '/search/**', allow: 'authenticated', upstream: 'search' },
        { name: 'everything', path: '/**', allow: 'authenticated' },
      ],
    },
  })
  const { browser } = await stack.signIn()
  const paths = ['/docs/a', '/search/a', '/a', '/docs/b', '/search/b', '/b']
  const answers = await Promise.all(paths.map((path) => browser.fetch(stack.url + path)))
  const received = answers.map(({ text }) => JSON.parse(text))
  t.same(
    received.map(({ url, headers }) => [url, decodeJwt(headers['x-stagedoor-assertion'])['aud']]),
    [
      ['/a', 'urn:stagedoor:docs'],
      ['/search/a', 'urn:search'],
      ['/a', 'urn:stagedoor:backstage'],
      ['/b', 'urn:stagedoor:docs'],
      ['/search/b', 'urn:search'],
      ['/b', 'urn:stagedoor:backstage'],
    ],
  )
  t.equal(new Set(received.map(({ headers }) => headers['x-stagedoor-assertion'])).size, 3)
  t.same(
    received.map(({ headers }) => headers['x-forwarded-user'] !== undefined),
    [false, true, false, false, true, false],
  )
  t.match(received[0].headers, { 'x-forwarded-prefix': '/docs' })
})

t.test('a host can have its own upstream', async (t) => {
  const docs = await startOrigin(t, (_request, response) => response.end('docs'))
  const stack = await startStack(t, {
    upstream: (_request, response) => response.end('portal'),
    config: {
      upstreams: { docs: { url: docs.url } },
      routes: [
        { name: 'docs', path: '/**', hosts: ['docs.example.com'], allow: 'public', upstream: 'docs' },
        { name: 'everything', path: '/**', allow: 'public' },
      ],
    },
  })
  const ask = (host: string) => exchange(stack.url, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  t.match(await ask('DOCS.example.com'), /docs/)
  t.match(await ask('portal.example.com'), /portal/)
})

t.test('an upstream that cannot be reached makes the gateway degraded, not unavailable', async (t) => {
  const other = await startOrigin(t)
  const stack = await startStack(t, {
    config: {
      upstreams: { backstage: { urls: [`http://127.0.0.1:${await freePort()}`, other.url] } },
      routes: [{ name: 'everything', path: '/**', allow: 'public' }],
    },
  })
  const ready = async () => (await stack.admin.inject('/.stagedoor/health/ready')).json()
  t.match(await ready(), { status: 'ok' })
  for (let i = 0; i < 2; i++) t.equal((await fetch(stack.url)).status, 200)
  const answer = await stack.admin.inject('/.stagedoor/health/ready')
  t.equal(answer.statusCode, 200)
  const { status, conditions } = answer.json()
  const [condition] = conditions.filter(({ name }: { name: string }) => name === 'upstream:backstage')
  t.equal(status, 'degraded')
  t.same(condition, { name: 'upstream:backstage', status: 'degraded', reason: '1 of 2 addresses fail' })
  t.ok(stack.logged.some(({ msg }) => msg === 'the upstream does not answer'))
})
