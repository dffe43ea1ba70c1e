import { chown, chmod, rename, stat } from 'node:fs/promises'

import { readFileIfThere, writeWhole } from '../../../storage/atomic-file.ts'
import type { Target } from './target.ts'

/** `file:PATH`: the secrets in PATH, PATH.next and PATH.previous, each replaced as a whole. */
export function fileTarget(path: string): Target {
  const nextPath = `${path}.next`
  const previousPath = `${path}.previous`
  return {
    name: `file:${path}`,
    async read() {
      const [current, next] = [await readFileIfThere(path), await readFileIfThere(nextPath)]
      if (current === undefined) return undefined
      const previous = await readFileIfThere(previousPath)
      const held = { current: trimmed(current), next: trimmed(next ?? current) }
      return previous === undefined ? held : { ...held, previous: trimmed(previous) }
    },
    async write({ current, next, previous }) {
      if (previous !== undefined) await replace(previousPath, previous)
      await replace(nextPath, next)
      await replace(path, current)
    },
  }
}

const trimmed = (text: string): string => text.replace(/\r?\n$/, '')

/** Owner and mode stay those of the old file, so that the gateway can read the new one; a first file is ours alone. */
async function replace(path: string, secret: string): Promise<void> {
  const old = await stat(path).catch(() => undefined)
  const fresh = `${path}.${process.pid}.new`
  await writeWhole(fresh, secret)
  if (old !== undefined) {
    if (old.uid !== process.getuid?.() || old.gid !== process.getgid?.()) await chown(fresh, old.uid, old.gid)
    await chmod(fresh, old.mode & 0o777)
  }
  await rename(fresh, path)
}
