import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'

import { exampleValues, manifestPath, renderedModes, renderExample, runHelm } from '../../scripts/manifests.ts'
import { repositoryRoot } from '../../scripts/testing/command.ts'
import { helmPath } from '../../scripts/testing/helm.ts'
import { manifestsIn } from './support.ts'

const helm = helmPath()
const skip = helm === undefined ? 'no helm on this machine, and no Go to compile it with' : false

type Schema = { properties?: Record<string, Schema>; default?: unknown }

/** The defaults of a schema, as one value. */
const defaultsOf = (schema: Schema): unknown =>
  schema.properties === undefined
    ? schema.default
    : Object.fromEntries(Object.entries(schema.properties).map(([name, property]) => [name, defaultsOf(property)]))

t.test('values.yaml has the defaults of the schema', async (t) => {
  const read = (name: string) => readFileSync(join(repositoryRoot, 'deploy/helm/stagedoor', name), 'utf8')
  const { global: _global, ...defaults } = defaultsOf(JSON.parse(read('values.schema.json'))) as Record<string, unknown>
  t.same(parse(read('values.yaml')), { ...defaults, baseUrl: '', auth0: { issuer: '', clientId: '' } })
})

for (const mode of renderedModes) {
  t.test(
    `helm accepts the chart with the values of ${mode}, and renders the committed manifests`,
    { skip },
    async (t) => {
      const lint = runHelm(helm ?? '', ['lint', '--strict'], '-f', exampleValues(mode))
      t.ok(lint.isFine, lint.stdout)
      t.equal(readFileSync(manifestPath(mode), 'utf8'), renderExample(helm ?? '', mode), 'else: npm run manifests')
    },
  )
}

const refusals: [what: string, values: string[], message: RegExp][] = [
  ['several replicas without Redis', ['replicas=2'], /redis\.enabled/],
  ['autoscaling without Redis', ['autoscaling.enabled=true'], /redis\.enabled/],
  ['a sidecar without an image', ['backstage.image='], /backstage\.image/],
  [
    'a sidecar whose probe no public rule lets pass',
    ['config.routes[0].name=everything', 'config.routes[0].path=/**', 'config.routes[0].allow=authenticated'],
    /config\.routes.*readiness/,
  ],
  ['no secrets', ['secrets.sessionSecret='], /secrets\.existingSecret/],
  ['a session secret that the gateway refuses', ['secrets.sessionSecret=too-short'], /secrets\.sessionSecret.*32/],
  ['secrets that an existing Secret takes the place of', ['secrets.existingSecret=own'], /nothing reads/],
  ['Redis without an address', ['redis.enabled=true'], /secrets\.redisUrl/],
  ['the address of a Redis that is not used', ['secrets.redisUrl=redis://redis:6379'], /redis\.enabled: true/],
  ['a NetworkPolicy that selects every pod', ['mode=ingress'], /backstage\.podLabels/],
  [
    'a NetworkPolicy in another namespace than the Backstage that it is to close',
    ['mode=ingress', 'backstage.podLabels.app=backstage', 'backstage.url=http://backstage.portal.svc:7007'],
    /--namespace portal/,
  ],
  ['an HTTPRoute without a Gateway', ['gatewayApi.enabled=true'], /gatewayApi\.parentRefs/],
  ['a base URL over plain http', ['baseUrl=http://portal.example.com'], /baseUrl/],
  ['an unknown value', ['replica=2'], /replica/],
  ['a port that the Service does not send to', ['config.server.listen.port=9000'], /config\.server\.listen\.port/],
  ['a socket in place of the port', ['config.server.listen.path=/run/http.sock'], /config\.server\.listen\.path/],
  ['an admin listener that probes cannot reach', ['config.server.admin.host=127.0.0.1'], /config\.server\.admin\.host/],
  ['a listener that the Service cannot reach', ['config.server.listen.host=localhost'], /config\.server\.listen\.host/],
  [
    'an address that the Ingress does not have',
    ['config.server.baseUrl=https://other.example.com'],
    /config\.server\.baseUrl/,
  ],
  ['a shutdown longer than the grace period', ['config.server.timeouts.shutdown=5m'], /shutdownSeconds/],
  ['metrics that Prometheus cannot reach', ['serviceMonitor.enabled=true'], /networkPolicy\.metricsNamespaceLabels/],
  ['an admin port that nobody probes', ['config.server.admin.port=9000'], /config\.server\.admin\.port/],
  [
    'fewer pods at most than at least',
    ['redis.enabled=true', 'secrets.redisUrl=redis://r', 'autoscaling.enabled=true', 'autoscaling.minReplicas=7'],
    /autoscaling\.minReplicas/,
  ],
]

t.test('helm refuses invalid values and names the value to set', { skip }, async (t) => {
  for (const [what, values, message] of refusals) {
    const sets = values.flatMap((value) => ['--set', value])
    const { isFine, stderr } = runHelm(helm ?? '', ['template', 'portal'], '-f', exampleValues('sidecar'), ...sets)
    t.notOk(isFine, what)
    t.match(stderr, message, what)
  }
})

t.test('helm accepts a Backstage name without a namespace or with that of the gateway', { skip }, async (t) => {
  const values = ['mode=ingress', 'backstage.podLabels.app=backstage']
  for (const host of ['backstage', 'backstage.portal', 'backstage.portal.svc.cluster.local', 'backstage.example.com']) {
    const sets = [...values, `backstage.url=http://${host}:7007`].flatMap((value) => ['--set', value])
    const args = ['--namespace', 'portal', '-f', exampleValues('sidecar'), ...sets]
    const { isFine, stderr } = runHelm(helm ?? '', ['template', 'portal'], ...args)
    t.ok(isFine, `${host}: ${stderr}`)
  }
})

t.test('the longest release name gives valid Service names', { skip }, async (t) => {
  const { stdout, stderr } = runHelm(helm ?? '', ['template', 'a'.repeat(53)], '-f', exampleValues('sidecar'))
  const services = manifestsIn(stdout).filter(({ kind }) => kind === 'Service')
  t.equal(services.length, 2, stderr)
  for (const { metadata } of services) t.ok(metadata.name.length <= 63, metadata.name)
})

t.test('the tag of the image may be a digest', { skip }, async (t) => {
  const digest = `sha256:${'0'.repeat(64)}`
  const sets = ['--set', `image.tag=${digest}`]
  const { stdout } = runHelm(helm ?? '', ['template', 'portal'], '-f', exampleValues('sidecar'), ...sets)
  t.match(stdout, `image: "stagedoor@${digest}"`)
})

t.test('a version with build metadata gives a valid Kubernetes label', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-chart-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const chart = join(repositoryRoot, 'deploy/helm/stagedoor')
  spawnSync(helm ?? '', ['package', chart, '--version', '9.9.9+build', '--destination', folder])
  const args = ['template', 'portal', join(folder, 'stagedoor-9.9.9+build.tgz'), '--kube-version', '1.34.0']
  const { stdout } = spawnSync(helm ?? '', [...args, '-f', exampleValues('sidecar')], { encoding: 'utf8' })
  t.match(stdout, 'helm.sh/chart: stagedoor-9.9.9_build')
})

t.test('the host of an Ingress is in lower case', { skip }, async (t) => {
  const sets = ['--set', 'ingress.enabled=true', '--set', 'baseUrl=https://Portal.Example.com']
  const { stdout } = runHelm(helm ?? '', ['template', 'portal'], '-f', exampleValues('sidecar'), ...sets)
  const ingress = manifestsIn(stdout).find(({ kind }) => kind === 'Ingress')
  t.match(ingress?.spec, { rules: [{ host: 'portal.example.com' }] })
})

t.test('on OpenShift the cluster chooses user and groups', { skip }, async (t) => {
  const args = ['-f', exampleValues('sidecar'), '--api-versions', 'security.openshift.io/v1']
  const { stdout, stderr } = runHelm(helm ?? '', ['template', 'portal'], ...args)
  const deployment = manifestsIn(stdout).find(({ kind }) => kind === 'Deployment')
  const { template } = (deployment?.spec ?? {}) as { template?: { spec: { securityContext: object } } }
  t.same(template?.spec.securityContext, { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }, stderr)
})

t.test('probes use https for a gateway with its own TLS', { skip }, async (t) => {
  const tls = 'config.server.tls'
  const sets = ['--set', `${tls}.certificate=/etc/tls/tls.crt`, '--set', `${tls}.key=/etc/tls/tls.key`]
  const { stdout } = runHelm(helm ?? '', ['template', 'portal'], '-f', exampleValues('sidecar'), ...sets)
  const service = manifestsIn(stdout).find(({ kind }) => kind === 'Service')
  t.match(service?.spec, { ports: [{ name: 'http', appProtocol: 'https' }] })
  t.match(stdout, /readiness\n +port: 8080\n +scheme: HTTPS\n/)
})

t.test(
  'with a Backstage without a CPU request, autoscaling uses the CPU of the gateway container',
  { skip },
  async (t) => {
    const values = ['autoscaling.enabled=true', 'redis.enabled=true', 'secrets.redisUrl=redis://redis:6379']
    const sets = values.flatMap((value) => ['--set', value])
    const { stdout } = runHelm(helm ?? '', ['template', 'portal'], '-f', exampleValues('sidecar'), ...sets)
    const manifests = parseAllDocuments(stdout).map((document) => document.toJSON())
    const specOf = (wanted: string) => manifests.find(({ kind }) => kind === wanted).spec
    // Kubernetes computes no utilization of pods in which a container has no request.
    const { metrics } = specOf('HorizontalPodAutoscaler')
    t.match(metrics, [{ type: 'ContainerResource', containerResource: { name: 'cpu', container: 'stagedoor' } }])
    const { containers } = specOf('Deployment').template.spec
    t.match(containers[0], { name: 'stagedoor', resources: { requests: { cpu: '100m' } } })
  },
)

t.test('a Redis behind sentinels needs no URL', { skip }, async (t) => {
  const sentinel = 'config.session.redis.sentinel'
  const sets = ['redis.enabled=true', 'replicas=2', `${sentinel}.primary=main`, `${sentinel}.nodes={redis://s:26379}`]
  const args = ['-f', exampleValues('sidecar'), ...sets.flatMap((value) => ['--set', value])]
  const { isFine, stdout, stderr } = runHelm(helm ?? '', ['template', 'portal'], ...args)
  t.ok(isFine, stderr)
  t.notMatch(stdout, /redis-url/)
  t.match(stdout, /assertion:\n +keys: { store: redis }/)
})

t.test('probes find the gateway under any prefix', { skip }, async (t) => {
  const args = ['-f', exampleValues('sidecar'), '--set', 'config.server.prefix=/gate']
  const { stdout } = runHelm(helm ?? '', ['template', 'portal'], ...args)
  t.match(stdout.match(/path: \S*health\/(?:live|ready), port: admin/g), [
    'path: /health/live, port: admin',
    'path: /health/live, port: admin',
    'path: /health/ready, port: admin',
  ])
})

t.test('extraEnv is the environment of the gateway', { skip }, async (t) => {
  const sets = ['--set', 'extraEnv[0].name=HTTPS_PROXY', '--set', 'extraEnv[0].value=http://proxy:3128']
  const args = ['--namespace', 'developer-portal', '-f', exampleValues('ingress'), ...sets]
  const { stdout } = runHelm(helm ?? '', ['template', 'portal'], ...args)
  t.match(stdout, / env:\n +- name: HTTPS_PROXY\n +value: http:\/\/proxy:3128\n/)
})
