import { chown, chmod, rename, rm, stat } from 'node:fs/promises'

import { readFileIfThere, writeWhole } from '../../../storage/atomic-file.ts'
import { separately, type Target } from './target.ts'

/** `file:PATH`: the secrets in PATH, PATH.next and PATH.previous, each replaced as a whole. */
export function fileTarget(path: string): Target {
  const names = { current: path, next: `${path}.next`, previous: `${path}.previous` }
  return separately(names, replace, async (name) => (await readFileIfThere(name))?.replace(/\r?\n$/, ''))
}

/** Keeps owner and mode of the old file, so that the gateway can read the new one. Only this user can read a first file. */
async function replace(path: string, secret: string): Promise<void> {
  const old = await stat(path).catch(() => undefined)
  const fresh = `${path}.${process.pid}.new`
  try {
    await writeWhole(fresh, secret)
    if (old !== undefined) {
      if (old.uid !== process.getuid?.() || old.gid !== process.getgid?.()) await chown(fresh, old.uid, old.gid)
      await chmod(fresh, old.mode & 0o777)
    }
    await rename(fresh, path)
  } finally {
    // Still exists if it could not replace the old file.
    await rm(fresh, { force: true })
  }
}
