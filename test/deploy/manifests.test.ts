import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t from 'tap'
import { parse } from 'yaml'

import { renderedModes } from '../../scripts/manifests.ts'
import { loadConfig } from '../../src/config/load.ts'
import { committedManifests, type Manifest } from './support.ts'

type Model = { validate(): void }
type ModelClass = new (data: object) => Model

/** The module of the Kubernetes API types that describes a manifest. */
const moduleOf = ({ apiVersion, kind }: Manifest): string => {
  if (apiVersion.startsWith('monitoring.coreos.com/'))
    return `@kubernetes-models/prometheus-operator/${apiVersion}/${kind}`
  if (apiVersion.startsWith('gateway.networking')) return `@kubernetes-models/gateway-api/${apiVersion}/${kind}`
  return `kubernetes-models/${apiVersion}/${kind}`
}

const validate = async (manifest: Manifest): Promise<void> => {
  const loaded: Record<string, ModelClass> = await import(moduleOf(manifest))
  const ModelOf = loaded[manifest.kind]
  if (ModelOf === undefined) throw new Error(`no model of ${manifest.kind}`)
  new ModelOf(manifest).validate()
}

type Container = {
  name: string
  securityContext: Record<string, unknown>
  env?: { name: string; value: string }[]
}
type Probe = { httpGet: { path: string; port: number | string; httpHeaders?: { name: string; value: string }[] } }
type SharedPodContainer = Container & {
  startupProbe: Probe
  lifecycle: { preStop: { sleep: { seconds: number } } }
}
type PodSpec = { securityContext: { runAsNonRoot?: boolean }; containers: Container[]; enableServiceLinks?: boolean }

const podSpecOf = (mode: (typeof renderedModes)[number]): PodSpec => {
  const deployment = committedManifests(mode).find(({ kind }) => kind === 'Deployment')
  if (deployment === undefined) throw new Error(`${mode}: no Deployment`)
  const { template } = deployment.spec as { template: { spec: PodSpec } }
  return template.spec
}

for (const mode of renderedModes) {
  t.test(`${mode}: Kubernetes' own schemas accept every manifest`, async (t) => {
    const manifests = committedManifests(mode)
    t.ok(manifests.length >= 6)
    for (const manifest of manifests) await t.resolves(validate(manifest), `${manifest.kind} ${manifest.metadata.name}`)
    const [first] = manifests
    await t.rejects(validate({ ...first, spec: { podSelector: 'not an object' } } as unknown as Manifest))
  })

  t.test(`${mode}: the gateway accepts the configuration in the ConfigMap`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'stagedoor-chart-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    for (const [name, secret] of Object.entries({
      'auth0-client-secret': 'pZ3kN8xQ1vT6yB4mR9wL2cF7hJ5dG0sA',
      'session-secret': '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKL',
      'redis-url': 'redis://redis.developer-portal:6379',
    })) {
      mkdirSync(join(folder, 'secrets'), { recursive: true })
      writeFileSync(join(folder, 'secrets', name), secret)
    }
    const data = committedManifests(mode).find(({ kind }) => kind === 'ConfigMap')?.data ?? {}
    const files = ['chart.yaml', 'stagedoor.yaml'].map((name) => {
      const path = join(folder, name)
      writeFileSync(path, (data[name] ?? '').replaceAll('/run/secrets/stagedoor', join(folder, 'secrets')))
      return path
    })
    const machines = join(folder, 'machines.yaml')
    writeFileSync(machines, 'machines: { audiences: [https://backstage.example.com/api] }')
    const { config, warnings } = await loadConfig({ files: [...files, machines], env: {} })
    // The admin listener is for probes of the kubelet. Replicas share all keys, including those of machines.
    t.match(warnings, [{ path: ['server', 'admin', 'host'] }])
    t.equal(warnings.length, 1)
    t.equal(config.server.baseUrl, 'https://portal.example.com')
    t.equal(config.server.listen.port, 8080)
    t.equal(
      config.upstreams['backstage']?.urls[0],
      mode === 'sidecar' ? 'http://127.0.0.1:7007' : 'http://backstage.developer-portal:7007',
    )
    t.equal(config.routes.at(-1)?.path, '/**')
  })

  t.test(
    `${mode}: the gateway runs without root, capabilities or a writable root, and links to no Service`,
    async (t) => {
      const { securityContext, containers, enableServiceLinks } = podSpecOf(mode)
      t.equal(securityContext.runAsNonRoot, true)
      t.equal(enableServiceLinks, false)
      t.match(containers[0], {
        name: 'stagedoor',
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
      })
    },
  )
}

t.test('in a shared pod Backstage listens only on the address that the gateway uses', async (t) => {
  const [, backstage] = podSpecOf('sidecar').containers
  const configMap = committedManifests('sidecar').find(({ kind }) => kind === 'ConfigMap')
  const [first] = backstage?.env ?? []
  t.same(first, { name: 'APP_CONFIG_backend_listen', value: '127.0.0.1:7007' })
  t.match(configMap?.data?.['chart.yaml'], `backstage: { url: "http://${first?.value}" }`)
})

t.test('the rules of the example keep what is public in those of the chart', async (t) => {
  const data = committedManifests('ingress').find(({ kind }) => kind === 'ConfigMap')?.data ?? {}
  const publicPathsIn = (text = ''): string[] =>
    (parse(text) as { routes: { path: string; allow: unknown }[] }).routes
      .filter(({ allow }) => allow === 'public')
      .map(({ path }) => path)
  t.same(publicPathsIn(data['stagedoor.yaml']), publicPathsIn(data['chart.yaml']))
})

t.test('in a shared pod Backstage is ready before the pod, and stops after the gateway', async (t) => {
  const [gateway, backstage] = podSpecOf('sidecar').containers as SharedPodContainer[]
  const { path, port, httpHeaders } = backstage?.startupProbe.httpGet ?? {}
  t.equal(port, 8080, "the kubelet cannot reach Backstage's own port")
  t.same(httpHeaders, [{ name: 'Host', value: 'portal.example.com' }], 'for rules that are about this host only')
  const configMap = committedManifests('sidecar').find(({ kind }) => kind === 'ConfigMap')
  const { routes } = parse(configMap?.data?.['chart.yaml'] ?? '')
  t.match(
    routes.find((route: { path: string }) => route.path === path),
    { methods: ['GET'], allow: 'public', upstream: 'backstage' },
  )
  const secondsBeforeStopOf = (container?: SharedPodContainer) => container?.lifecycle.preStop.sleep.seconds ?? 0
  // The gateway accepts requests for up to a second after SIGTERM.
  t.ok(secondsBeforeStopOf(backstage) > secondsBeforeStopOf(gateway) + 1)
})

t.test('only the gateway can reach Backstage', async (t) => {
  const policies = committedManifests('ingress').filter(({ kind }) => kind === 'NetworkPolicy')
  const closed = policies.find(({ metadata }) => metadata.name.endsWith('-backstage'))
  t.match(closed?.spec, {
    podSelector: { matchLabels: { 'app.kubernetes.io/name': 'backstage' } },
    ingress: [{ from: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'stagedoor' } } }] }],
  })
  const [own] = committedManifests('sidecar').filter(({ kind }) => kind === 'NetworkPolicy')
  t.same(
    own?.spec?.['ingress'],
    [{ ports: [{ port: 'http', protocol: 'TCP' }] }],
    'in a shared pod no port but ours is open',
  )
})
