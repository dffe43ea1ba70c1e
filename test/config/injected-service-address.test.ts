import { readFileSync } from 'node:fs'

import t from 'tap'

import { defaultConfigFile, loadConfig } from '../../src/config/load.ts'
import { formatPath } from '../../src/config/tree/tree.ts'

const ours = [
  ...new Set(
    [...readFileSync(defaultConfigFile(), 'utf8').matchAll(/\$\{([A-Z0-9_]+)/g)].map(([, name]) => String(name)),
  ),
]

const own: NodeJS.ProcessEnv = {
  STAGEDOOR_BASE_URL: 'https://portal.example.com',
  STAGEDOOR_SESSION_SECRET: '0123456789abcdef0123456789abcdef',
  AUTH0_ISSUER: 'https://tenant.eu.auth0.com/',
  AUTH0_CLIENT_ID: 'abc',
  AUTH0_CLIENT_SECRET: 'shh',
}

/** The variables that Kubernetes sets for a Service, and Docker for a link, of this name (Kubernetes: "Accessing the Service"). */
function injectedFor(service: string): NodeJS.ProcessEnv {
  const address = 'tcp://10.96.12.7:8080'
  return {
    [`${service}_SERVICE_HOST`]: '10.96.12.7',
    [`${service}_SERVICE_PORT`]: '8080',
    [`${service}_SERVICE_PORT_HTTP`]: '8080',
    [`${service}_PORT`]: address,
    [`${service}_PORT_8080_TCP`]: address,
    [`${service}_PORT_8080_TCP_PROTO`]: 'tcp',
    [`${service}_PORT_8080_TCP_PORT`]: '8080',
    [`${service}_PORT_8080_TCP_ADDR`]: '10.96.12.7',
    [`${service}_NAME`]: '/web/alias',
    [`${service}_ENV_PATH`]: '/usr/bin',
  }
}

/** Every prefix of our variables that could be the name of a Service: `STAGEDOOR`, `STAGEDOOR_REDIS`, `AUTH0_CLIENT` … */
const services = new Set(
  ours.flatMap((name) => name.split('_').map((_, index, words) => words.slice(0, index + 1).join('_'))),
)

t.test('variables that Kubernetes and Docker inject for services of our names do not change the start', async (t) => {
  const { config: plain } = await loadConfig({ files: [], env: own })
  for (const service of services) {
    const { config } = await loadConfig({ files: [], env: { ...injectedFor(service), ...own } })
    t.same(JSON.parse(JSON.stringify(config)), JSON.parse(JSON.stringify(plain)), service)
  }
  t.ok(services.has('STAGEDOOR') && services.has('BACKSTAGE') && services.has('AUTH0'))
})

t.test('an injected STAGEDOOR_PORT is ignored with one warning that names it', async (t) => {
  const { config, warnings } = await loadConfig({ files: [], env: { ...injectedFor('STAGEDOOR'), ...own } })
  t.equal(config.server.listen.port, 8080)
  const about = warnings.filter(({ found }) => found?.includes('STAGEDOOR_PORT'))
  t.same(
    about.map(({ path }) => formatPath(path)),
    ['server.listen.port'],
  )
  t.match(about, [{ fix: /enableServiceLinks: false/ }])
})

t.test('a port set by the operator is used, and an invalid one is refused', async (t) => {
  const { config } = await loadConfig({ files: [], env: { ...own, STAGEDOOR_PORT: '9000' } })
  t.equal(config.server.listen.port, 9000)
  await t.rejects(loadConfig({ files: [], env: { ...own, STAGEDOOR_PORT: 'http://x' } }))
})
