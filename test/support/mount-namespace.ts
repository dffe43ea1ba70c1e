import { spawnSync } from 'node:child_process'

const unshare = ['unshare', process.getuid?.() === 0 ? '-m' : '-rm']

const mayMount =
  spawnSync('env', [...unshare, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' }).status === 0

/** Why a test that needs mounts is skipped; false where they are possible. */
export const noMounts = !mayMount && 'needs mounts of its own: root, or a kernel that lets users have namespaces'

/**
 * The words in front of a command that sees mounts which nobody else sees (mount_namespaces(7)). The process id stays the
 * command's; its view of the file system is `/proc/<pid>/root`.
 * @param script shell, run in the namespace before the command takes its place
 */
export function withMounts(script: string): string[] {
  return [...unshare, 'sh', '-ec', `${script}\nexec "$@"`, 'sh']
}
