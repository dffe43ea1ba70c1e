import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, matchesGlob, relative } from 'node:path'

import { pino } from 'pino'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'

import type { buildPackage as buildHere } from '../../scripts/packages/build.ts'
import { projectEnvironment, repositoryRoot } from '../../scripts/testing/command.ts'
import { buildAdminApp } from '../../src/process/admin-app.ts'

const textOf = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8')

const dockerfiles = ['Dockerfile', ...globSync('deploy/compose/*.Dockerfile', { cwd: repositoryRoot })]

/** Paths that a Dockerfile copies from the build context (not from another stage). */
const copiedPaths = (dockerfile: string): string[] =>
  [...textOf(dockerfile).matchAll(/^COPY (?!--from)(?<paths>.+)$/gm)].flatMap(
    (match) => match.groups?.['paths']?.split(' ').slice(0, -1) ?? [],
  )

const ignoreLines = textOf('.dockerignore')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))

// Docker's single star matches dot files, unlike Node's.
const isMatch = (prefix: string, line: string): boolean => line === '*' || matchesGlob(prefix, line.replace(/^!/, ''))

/** Docker's rule: the last line that matches a path or a folder above it decides. */
const isInContext = (path: string): boolean => {
  const prefixes = path.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'))
  const last = ignoreLines.findLast((line) => prefixes.some((prefix) => isMatch(prefix, line)))
  return last === undefined || last.startsWith('!')
}

t.test('all files that the images copy exist and are in the build context', async (t) => {
  for (const dockerfile of dockerfiles) {
    for (const path of copiedPaths(dockerfile)) {
      t.ok(existsSync(join(repositoryRoot, path)), `${dockerfile}: ${path}`)
      t.ok(isInContext(path), `${dockerfile}: .dockerignore lets ${path} in`)
    }
  }
})

t.test("the demo's image has all that the build of our packages reads", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-image-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const paths = copiedPaths('deploy/compose/backstage.Dockerfile')
  for (const path of paths.filter((path) => path !== 'examples/backstage')) {
    cpSync(join(repositoryRoot, path), join(folder, path), {
      recursive: true,
      filter: (file) => isInContext(relative(repositoryRoot, file)),
    })
  }
  symlinkSync(join(repositoryRoot, 'node_modules'), join(folder, 'node_modules'))
  const { buildPackage }: { buildPackage: typeof buildHere } = await import(join(folder, 'scripts/packages/build.ts'))
  await t.resolves(buildPackage(join(folder, 'packages/assertion-contract')))
})

t.test(
  'examples of files to write are in the one folder that image, chart and unit let the gateway write to',
  async (t) => {
    for (const path of ['config/schema.json', 'docs/audit.md', 'docs/machines.md', 'docs/sessions.md']) {
      const folders = [...textOf(path).matchAll(/\/var\/\w+\/stagedoor/g)].map(([folder]) => folder)
      t.same(new Set(folders), new Set(['/var/lib/stagedoor']), path)
    }
    t.match(textOf('Dockerfile'), 'VOLUME /var/lib/stagedoor')
    t.match(textOf('deploy/helm/stagedoor/templates/deployment.yaml'), '{ name: state, mountPath: /var/lib/stagedoor }')
    t.match(textOf('deploy/systemd/stagedoor.service'), 'StateDirectory=stagedoor')
  },
)

t.test('installed packages, builds and secrets of the machine stay out of the context', async (t) => {
  for (const path of ['node_modules', 'examples/backstage/node_modules', 'dist', '.env', '.git', 'src/.env.local']) {
    t.notOk(isInContext(path), path)
  }
})

t.test("the gateway's image has a numeric user, a health check and production files only", async (t) => {
  const [, , final = ''] = textOf('Dockerfile')
    .split(/^FROM /m)
    .slice(1)
  t.match(final, /^USER [1-9]\d*:[1-9]\d*$/m)
  t.match(final, /^HEALTHCHECK /m)
  t.match(final, /^LABEL org\.opencontainers\.image\.title=/m)
  t.match(final, 'COPY --from=dependencies /app/node_modules')
  t.notMatch(final, /curl|npm (?:ci|install)/)
  t.match(textOf('Dockerfile'), /npm ci --omit=dev/)
})

t.test('the bill of materials has every production dependency and no development-only one', async (t) => {
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'sbom'], {
    cwd: repositoryRoot,
    env: projectEnvironment(),
    encoding: 'utf8',
  })
  t.equal(status, 0, stderr)
  const { components }: { components: { 'bom-ref': string }[] } = JSON.parse(stdout)
  const { packages }: { packages: Record<string, Record<string, unknown>> } = JSON.parse(textOf('package-lock.json'))
  const forProduction = Object.entries(packages).filter(
    ([path, { dev, devOptional, optional }]) => path !== '' && !dev && !devOptional && !optional,
  )
  const installed = new Set(
    forProduction.map(([path, { version }]) => `${path.split('node_modules/').at(-1)}@${String(version)}`),
  )
  t.same(components.map((component) => component['bom-ref']).toSorted(), [...installed].toSorted())
  t.match(textOf('Dockerfile'), 'RUN node scripts/sbom.ts > sbom.cdx.json')
})

t.test('the health check passes only if the gateway is ready', async (t) => {
  const [, list = '[]'] = /^HEALTHCHECK [^]*?\n {2}CMD (\[.*\])$/m.exec(textOf('Dockerfile')) ?? []
  const [command = '', ...args]: string[] = JSON.parse(list)
  t.equal(command, 'node')
  const gateway = await startAdminListener(t)
  const checkAt = async (port: string) => {
    const child = spawn(
      process.execPath,
      args.map((arg) => arg.replace('9464', port)),
    )
    const [status] = await once(child, 'exit')
    return status
  }
  t.equal(await checkAt(gateway.port), 0)
  await gateway.close()
  t.equal(await checkAt(gateway.port), 1)
})

/** The admin listener of a gateway with another prefix than the default. */
async function startAdminListener(t: Test): Promise<{ port: string; close: () => Promise<void> }> {
  const shown = { conditions: () => [], scrape: async () => new Registry(), secrets: () => [] }
  const app = await buildAdminApp(shown as never, () => '/.other', pino({ level: 'silent' }) as never)
  t.teardown(() => app.close())
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return { port: String(port), close: () => app.close() }
}

const withoutCompose =
  spawnSync('docker', ['compose', 'version']).status === 0 ? false : 'no docker client with compose on this machine'

t.test('compose can read its file', { skip: withoutCompose }, async (t) => {
  const config = spawnSync('docker', ['compose', 'config', '--format', 'json'], {
    cwd: repositoryRoot,
    encoding: 'utf8',
  })
  t.equal(config.status, 0, config.stderr)
  const { services }: { services: Record<string, object> } = JSON.parse(config.stdout)
  t.same(Object.keys(services).toSorted(), ['auth0', 'backstage', 'gateway', 'redis'])
})
