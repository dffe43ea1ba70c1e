import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// Prints the gateway's bill of materials as CycloneDX, from the lockfile alone. `npm sbom --omit=dev` would leave out production packages that
// development packages need, too. So npm reads a copy without development packages.
const root = join(import.meta.dirname, '..')
const parent = mkdtempSync(join(tmpdir(), 'stagedoor-sbom-'))
// npm uses the folder's name as the name of the package.
const folder = join(parent, 'stagedoor')
const npm = (...args: string[]) =>
  execFileSync('npm', args, { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 ** 2 })
try {
  mkdirSync(folder)
  const {
    devDependencies: _,
    scripts: _scripts,
    ...manifest
  } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  copyFileSync(join(root, 'package-lock.json'), join(folder, 'package-lock.json'))
  npm('install', '--package-lock-only', '--offline', '--ignore-scripts', '--no-audit')
  process.stdout.write(npm('sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only'))
} finally {
  rmSync(parent, { recursive: true, force: true })
}
