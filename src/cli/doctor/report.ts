import { styleText } from 'node:util'

import type { Config } from '../../config/schema.ts'
import { counted } from '../../config/values/quantities.ts'
import { type CommandContext, fetchFor } from '../command-context.ts'
import { createCheckContext } from './check-context.ts'
import { type Check, type Finding, type Result, runChecks, type Severity } from './check.ts'

const marks: Record<Severity | 'ok', { sign: string; colour: Parameters<typeof styleText>[0] }> = {
  ok: { sign: '✓', colour: 'green' },
  info: { sign: 'i', colour: 'blue' },
  warning: { sign: '!', colour: 'yellow' },
  error: { sign: '✗', colour: 'red' },
}

/** Runs checks and prints their findings. @returns the exit code: 0 without problems, 1 for warnings, 2 for errors */
export async function runAndReport(
  checks: readonly Check[],
  config: Config,
  context: CommandContext,
  isJson = false,
): Promise<number> {
  const { env, now, out } = context
  const managementToken = env['STAGEDOOR_MANAGEMENT_TOKEN']
  const checkContext = createCheckContext({ config, env, now, fetch: await fetchFor(config, context), managementToken })
  const results = await runChecks(checks, checkContext)
  out(isJson ? reportJson(results) : reportText(results))
  const severities = new Set(findingsOf(results).map(({ severity }) => severity))
  if (severities.has('error')) return 2
  return severities.has('warning') ? 1 : 0
}

/** Formats results as text: a passed check as one line, a problem with its meaning and fix. */
function reportText(results: readonly Result[]): string {
  // `styleText` adds colours only for a terminal, and not when NO_COLOR is set.
  const colour = (severity: Severity | 'ok', text: string) => styleText(marks[severity].colour, text)
  const lines = results.flatMap(({ title, findings, because }) => {
    if (because !== undefined) return []
    if (findings.length === 0) return [`${colour('ok', marks.ok.sign)} ${title}`]
    return findings.flatMap(({ id, severity, found, meaning, fix }) => [
      `${colour(severity, `${marks[severity].sign} ${found}`)} (${id})`,
      `    meaning  ${meaning}`,
      `    fix      ${fix}`,
    ])
  })
  return `${[...lines, ...unaskedLines(results), '', summary(results)].join('\n')}\n`
}

/** One line for each reason, because many checks may share one, for example while Auth0 is down. */
function unaskedLines(results: readonly Result[]): string[] {
  const reasons = Map.groupBy(results, ({ because }) => because)
  return [...reasons].flatMap(([because, unasked]) =>
    because === undefined ? [] : [`– not checked, because ${because}: ${unasked.map(({ id }) => id).join(', ')}`],
  )
}

function summary(results: readonly Result[]): string {
  const count = (severity: Severity) => findingsOf(results).filter((one) => one.severity === severity).length
  const [errors, warnings] = [count('error'), count('warning')]
  const asked = results.filter(({ because }) => because === undefined).length
  const checks = [
    counted(asked, 'check'),
    ...(asked < results.length ? [`${results.length - asked} could not be asked`] : []),
  ]
  if (errors + warnings === 0) return `${checks.join(', ')}, all well.`
  return `${checks.join(', ')}: ${counted(errors, 'error')}, ${counted(warnings, 'warning')}.`
}

function reportJson(results: readonly Result[]): string {
  const [asked, unasked] = [true, false].map((isAsked) =>
    results.filter(({ because }) => (because === undefined) === isAsked).map(({ id }) => id),
  )
  return `${JSON.stringify({ checks: asked, unasked, findings: findingsOf(results) }, undefined, 2)}\n`
}

const findingsOf = (results: readonly Result[]): Finding[] => results.flatMap(({ findings }) => findings)
