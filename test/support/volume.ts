import { mkdir, mkdtemp, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Test } from 'tap'

export type Volume = { folder: string; publish: (texts: Record<string, string>) => Promise<void> }

/** A volume as the kubelet writes it: files are links through `..data`, which is replaced atomically. */
export async function mountVolume(t: Test, texts: Record<string, string>): Promise<Volume> {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-volume-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  let count = 0

  async function publish(next: Record<string, string>): Promise<void> {
    count += 1
    const name = `..2026_${count}`
    await mkdir(join(folder, name))
    for (const [file, text] of Object.entries(next)) await writeFile(join(folder, name, file), text)
    const former = await readlink(join(folder, '..data')).catch(() => undefined)
    await symlink(name, join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
    if (former !== undefined) await rm(join(folder, former), { recursive: true })
  }

  await publish(texts)
  for (const file of Object.keys(texts)) await symlink(join('..data', file), join(folder, file))
  return { folder, publish }
}
