/** `npm run test:rbac` first installs the community's RBAC plugin beside the example Backstage, from the npm registry. */
import { appendFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { runCommand } from '../backstage-command.ts'
import { ensureBackstage, exampleDirectory } from '../backstage-setup.ts'

const backend = '@backstage-community/plugin-rbac-backend'
const common = '@backstage-community/plugin-rbac-common'
const node = '@backstage-community/plugin-rbac-node'
/** What the plugin needs and a Backstage does not have; the rest it takes from the example. */
const others = ['casbin@5', 'typeorm-adapter@1.6.1', '@dagrejs/graphlib@4', 'csv-parse@7', 'chokidar@3', 'js-yaml@5']

const folder = join(exampleDirectory, '.cache/rbac')
/** Where Node finds the plugin. */
export const rbacModules = join(folder, 'node_modules')
export const rbacEntry = join(rbacModules, backend, 'dist/index.cjs.js')

async function installRbac(): Promise<void> {
  await ensureBackstage({ log: (line) => console.log(line) })
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), '{ "private": true }')
  await runCommand('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...others], folder)
  await unpack(`${backend}@8.1.3`)
  await unpack(`${node}@2`).catch(async () => unpack(`${node}@1.12.0`))
  await unpack(`${common}@2`).catch(async () => {
    await unpack(`${common}@1.18.0`)
    await appendFile(join(rbacModules, common, 'dist/index.cjs.js'), missingFunctions)
    console.log('RBAC: plugin-rbac-common 2 is not in the registry; 1.18.0 with two functions added takes its place')
  })
}

/** What plugin-rbac-backend 8 asks of plugin-rbac-common and 1.18.0 does not have. */
const missingFunctions = `
exports.isPermissionInfo = (entry) => typeof entry === 'object' && entry !== null && 'name' in entry && 'action' in entry
exports.permissionMappingAction = (entry) => (exports.isPermissionInfo(entry) ? entry.action : entry)
`

/** Puts one package into `node_modules`, without its dependencies: a second copy of Backstage's would come with them. */
async function unpack(specification: string): Promise<void> {
  const packed = join(folder, 'packed')
  await rm(packed, { recursive: true, force: true })
  await mkdir(packed)
  await runCommand('npm', ['pack', '--silent', specification], packed)
  const [file = ''] = await readdir(packed)
  const target = join(rbacModules, specification.slice(0, specification.lastIndexOf('@')))
  await mkdir(target, { recursive: true })
  await runCommand('tar', ['-xzf', join(packed, file), '-C', target, '--strip-components=1'], folder)
}

if (import.meta.main) await installRbac()
