import { glob, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export type KnipReport = { name: string; text: string }

/** What knip says of each package: Backstage's tool writes it to a file of the package. */
export async function readKnipReports(folder: string): Promise<KnipReport[]> {
  const reports: KnipReport[] = []
  for await (const file of glob('{packages,plugins}/*/knip-report.md', { cwd: folder })) {
    reports.push({ name: dirname(file), text: await readFile(join(folder, file), 'utf8') })
  }
  return reports
}

/**
 * A report without findings is a heading alone. Optional peers that the code imports are none: every Backstage has them, and
 * optional keeps installers from adding a second copy.
 */
export function hasFindings({ text }: KnipReport): boolean {
  const [, ...findings] = text.split(/^## /m)
  return findings.some((finding) => !finding.startsWith('Referenced optional peerDependencies'))
}
