// This folder: files that are replaced as a whole; memory that has a bound.

import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Replaces a file atomically, so that a crash leaves the old file or the new one. Only our user may read it (0600).
 * @throws Error that names the file, with the code of the system's error
 */
export async function writeFileAtomically(path: string, text: string): Promise<void> {
  const fresh = `${path}.${process.pid}.new`
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeWhole(fresh, text)
    await rename(fresh, path)
    await chmod(path, 0o600)
  } catch (cause) {
    // On a full disk, the partial file would occupy space that is freed later.
    await rm(fresh, { force: true }).catch(() => undefined)
    const { code, message } = cause as NodeJS.ErrnoException
    throw Object.assign(new Error(`${path} cannot be written: ${message}`, { cause }), { code })
  }
}

/** Writes a file (0600). Resolves when it has been synced to disk. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The text of a file; undefined when there is none. */
export async function readFileIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}
