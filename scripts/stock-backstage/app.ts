import { appendFile, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'

import { packAll } from '../packages/pack.ts'
import type { Tools } from './commands.ts'
import { configOfTheGuide, legacyLines } from './documented-lines.ts'
import { versionsIn } from './lockfile.ts'

const plugin = '@stagedoor/backstage-plugin'
/** All but the one that reads people from Auth0's Management API. */
const backendModules = [
  `${plugin}-auth-backend-module-stagedoor-provider`,
  `${plugin}-permission-backend-module-stagedoor-policy`,
  `${plugin}-catalog-backend-module-auth0-rules`,
  `${plugin}-scaffolder-backend-module-auth0`,
]
const appModule = `${plugin}-app-module-stagedoor`
const contract = '@stagedoor/assertion-contract'
const stagedoorNode = `${plugin}-stagedoor-node`

/** A policy that lets the browser of the test see the catalog by a role of hers, and nobody without it. */
const permission = {
  enabled: true,
  stagedoor: { default: 'deny', rules: [{ name: 'admins', who: { roles: ['platform-admin'] } }] },
}

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
  const flags = await templateFlags(tools, options)
  await tools.run('backstage-create-app', ['--path', folder, '--skip-install', ...flags], join(folder, '..'))
  await packAll(join(folder, 'vendor'), console.log)
  await addPackages(folder)
  await allowForThisMachine(folder, options)
  await fixVersions(folder, tools, options)
  await addLines(folder, options)
  await tools.run('yarn', ['install'], folder)
  await checkCopies(folder)
  await tools.run('yarn', ['workspace', 'app', 'build'], folder)
}

/** Whether the app's settings take pages of other packages: with the first version that has a blueprint for them. */
export async function hasSettingsPages(folder: string): Promise<boolean> {
  const types = join(folder, 'node_modules/@backstage/frontend-plugin-api/dist/index.d.ts')
  return (await readFile(types, 'utf8')).includes('SubPageBlueprint')
}

/** The new frontend system is the template's default from `create-app` 0.8 on; older ones have it as `--next`. */
async function templateFlags({ createApp }: Tools, { isLegacy }: StockAppOptions): Promise<string[]> {
  const templates = await readdir(join(createApp, 'templates'))
  if (templates.includes('legacy-app')) return isLegacy ? ['--legacy'] : []
  return isLegacy ? [] : ['--next']
}

async function addPackages(folder: string): Promise<void> {
  const { version } = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8'))
  const tarball = (name: string) => `vendor/${name.slice(1).replace('/', '-')}-${version}.tgz`
  const addTo = (workspace: string, names: string[]) =>
    editManifest(folder, workspace, ({ dependencies }) => {
      Object.assign(dependencies ?? {}, Object.fromEntries(names.map((name) => [name, `file:../../${tarball(name)}`])))
    })
  await addTo('packages/backend', backendModules)
  await addTo('packages/app', [appModule])
  await editManifest(folder, '.', (manifest) => {
    const siblings = Object.fromEntries([contract, stagedoorNode].map((name) => [name, `file:./${tarball(name)}`]))
    manifest.resolutions = { ...manifest.resolutions, ...siblings }
  })
}

/** Changes that this test needs and Stagedoor does not: a port, plain http, and native packages that need no compiler. */
async function allowForThisMachine(folder: string, { backstagePort }: StockAppOptions): Promise<void> {
  await editManifest(folder, '.', (manifest) => {
    manifest.resolutions = { ...manifest.resolutions, 'better-sqlite3': '^13.2.0', 'isolated-vm': '^7.0.1' }
  })
  const config = {
    backend: { listen: { host: '127.0.0.1', port: backstagePort }, csp: { 'upgrade-insecure-requests': false } },
  }
  await writeFile(join(folder, 'app-config.machine.yaml'), JSON.stringify(config))
}

/**
 * Each Backstage package is the one of the template's release, or each is the newest. `create-app` downloads a lockfile for
 * that, which is not in the registry. Without it Yarn takes a newer `core-app-api` for `app-defaults` than for the app, and
 * a legacy app with two of them does not start.
 */
async function fixVersions(folder: string, { createApp }: Tools, { isNewest }: StockAppOptions): Promise<void> {
  if (isNewest) return takeNewest(folder)
  const plugins = join(folder, '.yarn/plugins')
  await mkdir(plugins, { recursive: true })
  const { packageVersions } = createRequire(import.meta.url)(join(createApp, 'dist/lib/versions.cjs.js'))
  await writeFile(join(plugins, 'backstage-release.json'), JSON.stringify(packageVersions))
  await cp(join(import.meta.dirname, 'yarn-release.cjs'), join(plugins, 'backstage-release.cjs'))
  await appendFile(join(folder, '.yarnrc.yml'), '\nplugins:\n  - .yarn/plugins/backstage-release.cjs\n')
}

async function takeNewest(folder: string): Promise<void> {
  for (const workspace of ['.', 'packages/app', 'packages/backend']) {
    await editManifest(folder, workspace, ({ dependencies = {}, devDependencies = {} }) => {
      for (const ranges of [dependencies, devDependencies]) {
        for (const name of Object.keys(ranges)) if (name.startsWith('@backstage/')) ranges[name] = 'latest'
      }
    })
  }
}

async function addLines(folder: string, { isLegacy, gatewayUrl }: StockAppOptions): Promise<void> {
  const modules = backendModules.map((name) => `backend.add(import('${name}'))\n`).join('')
  await editText(join(folder, 'packages/backend/src/index.ts'), (text) =>
    text
      .replace(/^backend\.add\(import\('@backstage\/plugin-auth-backend-module-guest-provider'\)\);?$/m, '')
      .replace(
        /^backend\.add\(\n? *import\('@backstage\/plugin-permission-backend-module-allow-all-policy'\),?\n?\);?$/m,
        '',
      )
      .replace(/^backend\.start\(\)/m, `${modules}$&`),
  )
  await editText(join(folder, 'app-config.yaml'), (text) => text.replace(/^ {4}guest: \{\}$/m, ''))
  await writeFile(join(folder, 'app-config.stagedoor.yaml'), await configOfTheGuide(gatewayUrl))
  await writeFile(join(folder, 'app-config.permission.yaml'), JSON.stringify({ permission }))
  if (!isLegacy) return
  for (const { file, find, replacement } of legacyLines) {
    await editText(join(folder, file), (text) => text.replace(find, replacement))
  }
}

/** @throws Error where our packages bring a second copy of what an app has once: its contexts and its references to APIs */
async function checkCopies(folder: string): Promise<void> {
  const lockfile = await readFile(join(folder, 'yarn.lock'), 'utf8')
  for (const name of ['core-app-api', 'core-components', 'core-plugin-api', 'frontend-plugin-api']) {
    const versions = versionsIn(lockfile, `@backstage/${name}`)
    if (versions.length > 1) throw new Error(`The app has ${versions.length} copies of ${name}: ${versions.join(', ')}`)
    console.log(`✔ one copy of ${name}: ${versions.join()}`)
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
