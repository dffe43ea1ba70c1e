import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { env, getuid } from 'node:process'

import { runCommand } from './command.ts'

/** Programs that the tests drive and npm does not bring. The package is Debian's. */
const programs = [
  { binary: 'redis-server', debianPackage: 'redis-server' },
  { binary: 'chromium', debianPackage: 'chromium' },
  { binary: 'nginx', debianPackage: 'nginx' },
  { binary: 'haproxy', debianPackage: 'haproxy' },
  { binary: 'caddy', debianPackage: 'caddy' },
  { binary: 'apache2', debianPackage: 'apache2' },
  { binary: 'tinyproxy', debianPackage: 'tinyproxy' },
  { binary: 'syslog-ng', debianPackage: 'syslog-ng-core' },
] as const

/** Whether this process may run the file. */
export const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The folders that hold programs. Debian keeps servers in sbin, which not every PATH has. */
export const searchPath = (): string[] => [...(env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']

/** Whether the machine has a program. */
export const isInstalled = (binary: string): boolean =>
  searchPath().some((folder) => isExecutable(join(folder, binary)))

const mayInstall = (): boolean => getuid?.() === 0 && isInstalled('apt-get')

/**
 * Installs the programs that are missing where that is possible without a question (Debian, as root).
 * @returns true if all are there now; otherwise what to do has been printed
 */
export const ensurePrograms = async (): Promise<boolean> => {
  const missing = programs.filter(({ binary }) => !isInstalled(binary)).map(({ debianPackage }) => debianPackage)
  if (missing.length === 0) return true
  if (!mayInstall()) {
    console.log(`Missing: ${missing.join(', ')}. On Debian or Ubuntu: sudo apt-get install ${missing.join(' ')}`)
    return false
  }
  console.log(`Installing ${missing.join(', ')} (once, up to three minutes) …`)
  env['DEBIAN_FRONTEND'] = 'noninteractive'
  await runCommand('apt-get', ['update', '-qq'])
  return (await runCommand('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing])) === 0
}
