/** The tarballs of `npm run pack` are complete and load as npm installs them. */
import { execFileSync, spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { ensurePackagesBuilt, exampleDirectory } from '../../scripts/backstage-setup.ts'
import { packAll } from '../../scripts/packages/pack.ts'

t.setTimeout(900_000)

type Manifest = {
  name: string
  version: string
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  repository?: { directory: string }
  homepage?: string
  bugs?: object
  license?: string
  configSchema?: string
  exports?: unknown
  backstage?: { role: string; pluginId?: string }
}

await ensurePackagesBuilt({ log: (line) => t.comment(line) })
// Install below the example, so that Node finds Backstage's packages.
mkdirSync(join(exampleDirectory, '.cache'), { recursive: true })
const folder = mkdtempSync(join(exampleDirectory, '.cache/tarballs-'))
t.teardown(() => rmSync(folder, { recursive: true }))
await packAll(join(folder, 'packed'), (line) => t.comment(line))

const tarballs = globSync('packed/*.tgz', { cwd: folder }).map((name) => {
  const file = join(folder, name)
  const entries = execFileSync('tar', ['-tzf', file], { encoding: 'utf8' }).trim().split('\n')
  const files = entries.map((entry) => entry.replace('package/', ''))
  const manifest: Manifest = JSON.parse(
    execFileSync('tar', ['-xzOf', file, 'package/package.json'], { encoding: 'utf8' }),
  )
  const installed = join(folder, 'node_modules', manifest.name)
  mkdirSync(installed, { recursive: true })
  execFileSync('tar', ['-xzf', file, '-C', installed, '--strip-components=1'])
  return { files, manifest }
})
const versions = new Map(tarballs.map(({ manifest }) => [manifest.name, manifest.version]))

for (const { files, manifest } of tarballs) {
  t.test(`${manifest.name} has code, types, README, license and changelog`, async (t) => {
    const config = manifest.configSchema === undefined ? [] : [manifest.configSchema]
    for (const name of ['dist/index.js', 'dist/index.d.ts', 'README.md', 'LICENSE', 'CHANGELOG.md', ...config]) {
      t.ok(files.includes(name), name)
    }
    t.same(
      files.filter((name) => /(^|\/)src\/|\.tsx$|[^d]\.ts$/.test(name)),
      [],
      'and no sources',
    )
    const { license, homepage, bugs, repository } = manifest
    t.ok(license && homepage && bugs && repository?.directory, 'and says where it comes from')
  })

  // Developer Hub's packager reads conditions in `exports` as file names and fails; `main` and `types` are equivalent.
  t.test(`${manifest.name} can be made a dynamic plugin`, async (t) => t.equal(manifest.exports, undefined))

  t.test(`${manifest.name} depends on nothing by path`, async (t) => {
    for (const [name, range] of Object.entries(manifest.dependencies ?? {})) {
      t.match(range, /^[\^0-9]/, name)
      if (name.startsWith('@stagedoor/')) t.equal(range, `^${versions.get(name)}`, `${name} as it is packed`)
    }
  })

  // Only a bundler loads these, as for the example's frontend. Node cannot load them, nor Backstage's own.
  if (manifest.backstage?.role.startsWith('frontend')) continue
  t.test(`${manifest.name} loads with require and import, with the same exports`, async (t) => {
    const imported = exportsBy('import', manifest.name)
    const required = exportsBy('require', manifest.name)
    t.ok(required.length > 0)
    t.same(
      required,
      imported.filter((key) => required.includes(key)),
    )
  })
}

t.test('each backend module has the export that `backend.add(import(…))` needs', async (t) => {
  const modules = tarballs.filter(({ manifest }) => manifest.backstage?.role === 'backend-plugin-module')
  t.ok(modules.length >= 3)
  for (const { manifest } of modules) t.ok(exportsBy('import', manifest.name).includes('default'), manifest.name)
})

function exportsBy(way: 'require' | 'import', name: string): string[] {
  const load = way === 'require' ? `require('${name}')` : `await import('${name}')`
  // `__esModule` and `module.exports` mark such a module. They are not our exports.
  const script = `console.log(JSON.stringify(Object.keys(${load}).filter((key) => !/__esModule|module.exports/.test(key)).sort()))`
  const type = way === 'require' ? 'commonjs' : 'module'
  const output = execFileSync(process.execPath, [`--input-type=${type}`, '-e', script], {
    cwd: folder,
    encoding: 'utf8',
  })
  return JSON.parse(output)
}

t.test('TypeScript finds the types with every module resolution', async (t) => {
  const consumer = tarballs.map(({ manifest }, index) => `import * as it${index} from '${manifest.name}'`)
  const uses = tarballs.map((_, index) => `it${index}`).join(', ')
  writeFileSync(join(folder, 'consumer.mts'), [...consumer, `export default [${uses}]`].join('\n'))
  writeFileSync(join(folder, 'consumer.ts'), [...consumer, `export default [${uses}]`].join('\n'))
  const ways = [
    ['bundler', 'esnext', 'consumer.ts'],
    ['nodenext', 'nodenext', 'consumer.mts'],
    ['node16', 'node16', 'consumer.ts'],
    ['node10', 'commonjs', 'consumer.ts'],
  ] as const
  for (const [resolution, module, file] of ways) {
    const options = ['--moduleResolution', resolution, '--module', module, '--jsx', 'react-jsx', '--lib', 'es2024,dom']
    // Use the TypeScript of a Backstage app, since ours no longer supports `node10`.
    const tsc = join(exampleDirectory, 'node_modules/typescript/bin/tsc')
    const { stdout, status } = spawnSync(
      process.execPath,
      [tsc, '--noEmit', '--strict', '--skipLibCheck', ...options, file],
      {
        cwd: folder,
        encoding: 'utf8',
      },
    )
    t.equal(status, 0, `${resolution}: ${stdout}`)
  }
})

t.test('published types name only packages that are dependencies', async (t) => {
  for (const { manifest } of tarballs) {
    const { dependencies = {}, peerDependencies = {} } = manifest
    const known = new Set([...Object.keys({ ...dependencies, ...peerDependencies }), manifest.name])
    const installed = join(folder, 'node_modules', manifest.name)
    for (const file of globSync('dist/**/*.d.ts', { cwd: installed })) {
      const text = readFileSync(join(installed, file), 'utf8')
      for (const [, name = ''] of text.matchAll(/(?:from |import\()["'](?!node:)((?:@[\w-]+\/)?[\w-]+)/g)) {
        t.ok(known.has(name), `${manifest.name} ${file}: ${name}`)
      }
    }
  }
})

t.test('the list of packages has every package of the repository', async (t) => {
  const names = globSync('{packages,plugins}/*/package.json', { cwd: join(exampleDirectory, '../..') }).map(
    (file): string => JSON.parse(readFileSync(join(exampleDirectory, '../..', file), 'utf8')).name,
  )
  t.same([...versions.keys()].toSorted(), names.toSorted())
})
