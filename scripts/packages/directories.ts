import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** Folders of the packages that are delivered, in the order in which they are built: each needs only those before it. */
export function packageDirectories(): string[] {
  const folders = ['packages/*/package.json', 'plugins/*-node/package.json', 'plugins/!(*-node)/package.json']
  return folders.flatMap((pattern) =>
    globSync(pattern, { cwd: root })
      .toSorted()
      .map((file) => join(root, dirname(file))),
  )
}
