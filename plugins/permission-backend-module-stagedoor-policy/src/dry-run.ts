import type { LoggerService } from '@backstage/backend-plugin-api'

import type { Decision } from './decide.ts'

/** Logs what would be refused, once for each person, permission and rule. */
export type DryRunLog = (who: string, permission: string, decision: Decision) => void

/** A line is logged again only after so many other lines, which bounds the memory. */
const maxRememberedLines = 10_000

export function createDryRunLog(logger: Pick<LoggerService, 'warn'>): DryRunLog {
  const loggedLines = new Set<string>()
  return (who, permission, { effect, rules }) => {
    const by = rules.length > 0 ? `rule ${rules.map((rule) => `"${rule}"`).join(', ')}` : 'the default'
    const limits = effect === 'deny' ? 'would be refused' : 'would be limited to some resources'
    const line = `Dry run: ${permission} for ${who} ${limits} by ${by}`
    if (loggedLines.has(line)) return
    if (loggedLines.size >= maxRememberedLines) loggedLines.clear()
    loggedLines.add(line)
    logger.warn(line)
  }
}
