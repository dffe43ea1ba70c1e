import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, matchesGlob } from 'node:path'

import t from 'tap'

import { repositoryRoot } from '../../scripts/testing/command.ts'

const textOf = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8')

const dockerfiles = ['Dockerfile', ...globSync('deploy/compose/*.Dockerfile', { cwd: repositoryRoot })]

/** What a Dockerfile copies from the build's context (not from another stage). */
const copiedPaths = (dockerfile: string): string[] =>
  [...textOf(dockerfile).matchAll(/^COPY (?!--from)(?<paths>.+)$/gm)].flatMap(
    (match) => match.groups?.['paths']?.split(' ').slice(0, -1) ?? [],
  )

const ignoreLines = textOf('.dockerignore')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))

// Docker's lone star takes in dot files, unlike Node's.
const isMatch = (prefix: string, line: string): boolean => line === '*' || matchesGlob(prefix, line.replace(/^!/, ''))

/** As docker reads it: the last line that matches a path or a folder above it decides. */
const isInContext = (path: string): boolean => {
  const prefixes = path.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'))
  const last = ignoreLines.findLast((line) => prefixes.some((prefix) => isMatch(prefix, line)))
  return last === undefined || last.startsWith('!')
}

t.test('everything the images copy is there, and reaches the builder', async (t) => {
  for (const dockerfile of dockerfiles) {
    for (const path of copiedPaths(dockerfile)) {
      t.ok(existsSync(join(repositoryRoot, path)), `${dockerfile}: ${path}`)
      t.ok(isInContext(path), `${dockerfile}: .dockerignore lets ${path} in`)
    }
  }
})

t.test('installed packages, builds and secrets of the machine stay out of the context', async (t) => {
  for (const path of ['node_modules', 'examples/backstage/node_modules', 'dist', '.env', '.git', 'src/.env.local']) {
    t.notOk(isInContext(path), path)
  }
})

t.test("the gateway's image runs as a user by number, with a health check, from production files only", async (t) => {
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

t.test('the health check passes when the gateway says so, and only then', async (t) => {
  const [, list = '[]'] = /^HEALTHCHECK [^]*?\n {2}CMD (\[.*\])$/m.exec(textOf('Dockerfile')) ?? []
  const [command = '', ...args]: string[] = JSON.parse(list)
  t.equal(command, 'node')
  // Port 1 is nobody's: the answer must be a plain failure, not a hang or a crash without a code.
  const outcome = spawnSync(process.execPath, args, { env: { STAGEDOOR_PORT: '1' }, timeout: 120_000 })
  t.equal(outcome.status, 1)
})

const withoutCompose =
  spawnSync('docker', ['compose', 'version']).status === 0 ? false : 'no docker client with compose on this machine'

t.test('compose reads its file', { skip: withoutCompose }, async (t) => {
  const config = spawnSync('docker', ['compose', 'config', '--format', 'json'], {
    cwd: repositoryRoot,
    encoding: 'utf8',
  })
  t.equal(config.status, 0, config.stderr)
  const { services }: { services: Record<string, object> } = JSON.parse(config.stdout)
  t.same(Object.keys(services).toSorted(), ['auth0', 'backstage', 'gateway', 'redis'])
})
