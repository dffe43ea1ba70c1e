/** The versions of a package in Yarn's lockfile, as `yarn why` lists them. */
export function versionsIn(lockfile: string, name: string): string[] {
  const entries = lockfile.split('\n\n').filter((entry) => entry.startsWith(`"${name}@`))
  return entries.map((entry) => /^ {2}version: (.+)$/m.exec(entry)?.[1] ?? 'unknown').toSorted()
}
