import type { Check, Scene } from './finding.ts'
import type { Result } from './report.ts'

/** One check after the other: asking many things at once could use up the tenant's allowance. */
export async function runChecks(checks: readonly Check[], scene: Scene): Promise<Result[]> {
  const results: Result[] = []
  const found = new Set<string>()
  for (const { id, title, unless = [], run } of checks) {
    if (unless.some((cause) => found.has(cause))) continue
    const findings = await run(scene)
    for (const finding of findings) found.add(finding.id)
    results.push({ id, title, findings })
  }
  return results
}
