import t from 'tap'
import { request } from 'undici'

import { startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const admin = '/.stagedoor/admin'

/** The link "why?" of a record used the host of the console, for which other rules may decide. Admin actions had no such link. */
t.test('"why?" explains the request of the record, with its host', async (t) => {
  const routes = [
    { name: 'docs', path: '/**', hosts: ['docs.example.com'], allow: { roles: ['writer'] } },
    { name: 'everything', path: '/**', allow: 'authenticated' },
  ]
  const stack = await startStack(t, { config: { routes } })
  const { browser } = await stack.signIn()
  const headers = { host: 'docs.example.com' }
  await request(`${stack.directUrl}/api/catalog/locations/1`, { method: 'DELETE', headers })

  const found = async () => (await browser.open(`${stack.url}${admin}/decisions?text=locations`)).text
  await until(async () => (await found()).includes('DELETE'))
  const [, link = ''] = /href="([^"]+explain[^"]+)"/.exec(await found()) ?? []
  const explained = await browser.open(stack.url + link.replaceAll('&#38;', '&'))
  t.match(explained.text, 'DELETE /api/catalog/locations/1 at docs.example.com: deny role-missing by rule docs')
  t.match(explained.text, 'name="host" value="docs.example.com"', 'and the form asks on about that host')
})
