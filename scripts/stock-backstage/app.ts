import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { packAll } from '../packages/pack.ts'
import type { Tools } from './commands.ts'
import { configOfTheGuide, legacyLines } from './documented-lines.ts'

const authModule = '@stagedoor/backstage-plugin-auth-backend-module-stagedoor-provider'
const appModule = '@stagedoor/backstage-plugin-app-module-stagedoor'
const contract = '@stagedoor/assertion-contract'

export type StockAppOptions = {
  /** Backstage's old frontend system. */
  isLegacy: boolean
  /** The newest release of each Backstage package, in place of those that the template asks for. */
  isNewest: boolean
  gatewayUrl: string
  backstagePort: number
}

type Manifest = { dependencies?: Record<string, string>; devDependencies?: Record<string, string>; version?: string }

/** Makes the app of `@backstage/create-app` in `folder` and adds our tarballs and the lines of our guides; nothing else. */
export async function makeStockApp(folder: string, tools: Tools, options: StockAppOptions): Promise<void> {
  const flags = options.isLegacy ? ['--legacy'] : []
  await tools.run('backstage-create-app', ['--path', folder, '--skip-install', ...flags], join(folder, '..'))
  await packAll(join(folder, 'vendor'), console.log)
  await addPackages(folder)
  await allowForThisMachine(folder, options)
  await fixVersions(folder, options)
  await addLines(folder, options)
  await tools.run('yarn', ['install'], folder)
  await tools.run('yarn', ['workspace', 'app', 'build'], folder)
}

async function addPackages(folder: string): Promise<void> {
  const tarball = async (name: string) => {
    const [scope = '', rest = ''] = name.slice(1).split('/')
    const { version } = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8'))
    return `vendor/${scope}-${rest}-${version}.tgz`
  }
  for (const [workspace, name] of [
    ['backend', authModule],
    ['app', appModule],
  ] as const) {
    const path = await tarball(name)
    await editManifest(folder, `packages/${workspace}`, ({ dependencies }) => {
      Object.assign(dependencies ?? {}, { [name]: `file:../../${path}` })
    })
  }
  const path = await tarball(contract)
  await editManifest(folder, '.', (manifest) => {
    manifest.resolutions = { ...manifest.resolutions, [contract]: `file:./${path}` }
  })
}

/** What has to do with this test and not with Stagedoor: a port, plain http, and a database that needs no compiler. */
async function allowForThisMachine(folder: string, { backstagePort }: StockAppOptions): Promise<void> {
  await editManifest(folder, '.', (manifest) => {
    manifest.resolutions = { ...manifest.resolutions, 'better-sqlite3': '^13.2.0' }
  })
  const config = {
    backend: { listen: { host: '127.0.0.1', port: backstagePort }, csp: { 'upgrade-insecure-requests': false } },
  }
  await writeFile(join(folder, 'app-config.machine.yaml'), JSON.stringify(config))
}

/**
 * Each Backstage package of the template is the one of the template's release, or each is the newest, also where another
 * package asks for it. `create-app` downloads a lockfile for that, which is not in the registry. Without it Yarn takes a
 * newer `core-app-api` for `app-defaults` than for the app, and a legacy app with two of them does not start.
 */
async function fixVersions(folder: string, { isNewest }: StockAppOptions): Promise<void> {
  const versions: Record<string, string> = {}
  for (const workspace of ['.', 'packages/app', 'packages/backend']) {
    await editManifest(folder, workspace, ({ dependencies = {}, devDependencies = {} }) => {
      for (const ranges of [dependencies, devDependencies]) {
        for (const [name, range] of Object.entries(ranges)) {
          if (!name.startsWith('@backstage/')) continue
          versions[name] = isNewest ? 'latest' : range.replace('^', '')
          ranges[name] = versions[name]
        }
      }
    })
  }
  await editManifest(folder, '.', (manifest) => {
    manifest.resolutions = { ...versions, ...manifest.resolutions }
  })
}

async function addLines(folder: string, { isLegacy, gatewayUrl }: StockAppOptions): Promise<void> {
  await editText(join(folder, 'packages/backend/src/index.ts'), (text) =>
    text
      .replace(/^backend\.add\(import\('@backstage\/plugin-auth-backend-module-guest-provider'\)\);?$/m, '')
      .replace(/^backend\.start\(\)/m, `backend.add(import('${authModule}'))\n$&`),
  )
  await editText(join(folder, 'app-config.yaml'), (text) => text.replace(/^ {4}guest: \{\}$/m, ''))
  await writeFile(join(folder, 'app-config.stagedoor.yaml'), await configOfTheGuide(gatewayUrl))
  if (!isLegacy) return
  for (const { file, find, replacement } of legacyLines) {
    await editText(join(folder, file), (text) => text.replace(find, replacement))
  }
}

async function editManifest(
  folder: string,
  workspace: string,
  edit: (manifest: Manifest & { resolutions?: Record<string, string> }) => void,
): Promise<void> {
  const file = join(folder, workspace, 'package.json')
  const manifest: Manifest = JSON.parse(await readFile(file, 'utf8'))
  edit(manifest)
  await writeFile(file, `${JSON.stringify(manifest, null, 2)}\n`)
}

/** @throws Error where the text stays as it is: the template has changed, and with it what a guide must say */
async function editText(file: string, edit: (text: string) => string): Promise<void> {
  const text = await readFile(file, 'utf8')
  const edited = edit(text)
  if (edited === text) throw new Error(`${file} has not the lines that were to change`)
  await writeFile(file, edited)
}
