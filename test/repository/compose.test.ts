import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'
import { parse } from 'yaml'

import { demoClients } from '../../auth0/local/seed.ts'
import { repositoryRoot } from '../../scripts/testing/command.ts'
import { loadConfig } from '../../src/config/load.ts'

type Service = {
  build?: string | { context: string; dockerfile: string }
  ports?: string[]
  environment?: Record<string, string>
  network_mode?: string
}

const { services }: { services: Record<string, Service> } = parse(
  readFileSync(join(repositoryRoot, 'docker-compose.yml'), 'utf8'),
)

const environmentOf = (name: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(services[name]?.environment ?? {}).map(([key, value]) => [
      key,
      value.replace(/^\$\{\w+:-(.*)\}$/, '$1'),
    ]),
  )

t.test('every Dockerfile that compose names exists', async (t) => {
  for (const [name, { build }] of Object.entries(services)) {
    if (typeof build === 'object') t.ok(existsSync(join(repositoryRoot, build.context, build.dockerfile)), name)
  }
})

t.test('the gateway starts with the environment of compose, without an edit', async (t) => {
  const { config } = await loadConfig({ files: [], env: environmentOf('gateway') })
  t.equal(config.server.listen.port, 8080)
  t.same(config.upstreams['backstage']?.urls, ['http://127.0.0.1:7007'])
})

t.test('gateway and local Auth0 have the same issuer, client and callback URLs', async (t) => {
  const gateway = environmentOf('gateway')
  const auth0 = environmentOf('auth0')
  const [web] = demoClients()
  t.equal(auth0['LOCAL_AUTH0_ISSUER'], gateway['AUTH0_ISSUER'])
  t.equal(gateway['AUTH0_CLIENT_ID'], web?.clientId)
  t.equal(gateway['AUTH0_CLIENT_SECRET'], web?.clientSecret)
  t.equal(auth0['LOCAL_AUTH0_CALLBACKS'], `${gateway['STAGEDOOR_BASE_URL']}/.stagedoor/callback`)
  t.equal(auth0['LOCAL_AUTH0_LOGOUT_URLS'], `${gateway['STAGEDOOR_BASE_URL']}/.stagedoor/signed-out`)
})

t.test('Backstage is reachable only through the gateway, and all ports only from this machine', async (t) => {
  t.equal(services['backstage']?.ports, undefined)
  t.equal(services['backstage']?.network_mode, 'service:gateway')
  for (const port of services['gateway']?.ports ?? []) t.match(port, /^127\.0\.0\.1:/)
})

t.test(
  'the production file runs without capabilities, gives each secret a file, and publishes only the gateway',
  async (t) => {
    const text = readFileSync(join(repositoryRoot, 'deploy/compose/production.yml'), 'utf8')
    const production: {
      services: Record<string, Service & { secrets?: string[] }>
      secrets: Record<string, { file: string }>
    } = parse(text)
    t.same(production.services['gateway']?.secrets, Object.keys(production.secrets))
    for (const [name, { file }] of Object.entries(production.secrets)) t.equal(file, `./secrets/${name}`)
    t.same(
      Object.entries(production.services).flatMap(([name, { ports }]) => (ports === undefined ? [] : [name])),
      ['gateway'],
    )
  },
)
