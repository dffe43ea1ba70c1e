import { styleText } from 'node:util'

import type { NamedFinding, Result, Severity } from './finding.ts'

const marks: Record<Severity | 'ok', { sign: string; colour: Parameters<typeof styleText>[0] }> = {
  ok: { sign: '✓', colour: 'green' },
  info: { sign: 'i', colour: 'blue' },
  warning: { sign: '!', colour: 'yellow' },
  error: { sign: '✗', colour: 'red' },
}

/** Findings as text: good ones in one line, problems with their meaning and fix. */
export function reportText(results: readonly Result[], isColoured: boolean): string {
  const colour = (severity: Severity | 'ok', text: string) =>
    isColoured ? styleText(marks[severity].colour, text, { validateStream: false }) : text
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

/** One line for each reason: where Auth0 is away, a dozen checks have the same. */
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
    `${asked} checks`,
    ...(asked < results.length ? [`${results.length - asked} could not be asked`] : []),
  ]
  if (errors + warnings === 0) return `${checks.join(', ')}, all well.`
  return `${checks.join(', ')}: ${errors} ${errors === 1 ? 'error' : 'errors'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}.`
}

export function reportJson(results: readonly Result[]): string {
  const [asked, unasked] = [true, false].map((isAsked) =>
    results.filter(({ because }) => (because === undefined) === isAsked).map(({ id }) => id),
  )
  return `${JSON.stringify({ checks: asked, unasked, findings: findingsOf(results) }, undefined, 2)}\n`
}

/** 0 where all is well, 1 for warnings, 2 for errors. */
export function exitCodeOf(results: readonly Result[]): number {
  const severities = new Set(findingsOf(results).map(({ severity }) => severity))
  if (severities.has('error')) return 2
  return severities.has('warning') ? 1 : 0
}

const findingsOf = (results: readonly Result[]): NamedFinding[] => results.flatMap(({ findings }) => findings)
