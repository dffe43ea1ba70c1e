import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const here = join(import.meta.dirname, '..', '..')
const git = (...args: string[]): string =>
  execFileSync('git', args, { cwd: here, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()

/** Where a commit is checked out, and its short name. */
export type Checkout = { commit: string; folder: string }

/**
 * Checks a commit out into a folder of its own with what it depends on; gone when this process ends, however it does.
 * @throws where git knows no such commit
 */
export function checkOut(name: string): Checkout {
  const commit = git('rev-parse', '--verify', '--short', `${name}^{commit}`)
  const parent = mkdtempSync(join(tmpdir(), 'stagedoor-compare-'))
  const folder = join(parent, commit)
  process.once('exit', () => {
    // The link first, so that nothing follows it into the dependencies of this checkout.
    rmSync(join(folder, 'node_modules'), { recursive: true, force: true })
    rmSync(parent, { recursive: true, force: true })
    git('worktree', 'prune')
  })
  git('worktree', 'add', '--detach', folder, commit)
  installIn(folder)
  return { commit, folder }
}

/** The dependencies of this checkout are those of the commit where the lockfile is the same. */
function installIn(folder: string): void {
  const lockIn = (root: string): string => readFileSync(join(root, 'package-lock.json'), 'utf8')
  const installed = join(here, 'node_modules')
  if (existsSync(installed) && lockIn(folder) === lockIn(here)) {
    symlinkSync(installed, join(folder, 'node_modules'))
    return
  }
  // Without what builds and tests it: candidates run from source, in the Node that compares.
  const args = ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund']
  execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
}
