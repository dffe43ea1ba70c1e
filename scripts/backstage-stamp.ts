import { createHash } from 'node:crypto'
import { glob, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const madeHere = /(^|\/)(node_modules|dist)(\/|$)/

/** A hash of the names and contents of all files that match, under `root`; built and installed ones are left out. */
export async function hashOf(root: string, patterns: readonly string[]): Promise<string> {
  const names: string[] = []
  for await (const name of glob(patterns, { cwd: root, exclude: (name) => madeHere.test(name) })) names.push(name)
  const hash = createHash('sha256')
  for (const name of names.toSorted()) {
    hash
      .update(`${name}\0`)
      .update(await readFile(join(root, name)))
      .update('\0')
  }
  return hash.digest('hex')
}

/** Runs `task` unless it succeeded before with the same `value`, which the file `path` records. */
export async function onceFor(path: string, value: string, task: () => Promise<void>): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === value) return
  await task()
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, value)
}
