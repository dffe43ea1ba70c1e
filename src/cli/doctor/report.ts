import { styleText } from 'node:util'

import type { Finding, Result, Severity } from './finding.ts'

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
  const lines = results.flatMap(({ title, findings }) => {
    if (findings.length === 0) return [`${colour('ok', marks.ok.sign)} ${title}`]
    return findings.flatMap(({ id, severity, found, meaning, fix }) => [
      `${colour(severity, `${marks[severity].sign} ${found}`)} (${id})`,
      `    meaning  ${meaning}`,
      `    fix      ${fix}`,
    ])
  })
  return `${[...lines, '', summary(results)].join('\n')}\n`
}

function summary(results: readonly Result[]): string {
  const count = (severity: Severity) => findingsOf(results).filter((one) => one.severity === severity).length
  const [errors, warnings] = [count('error'), count('warning')]
  if (errors + warnings === 0) return `${results.length} checks, all well.`
  return `${results.length} checks: ${errors} errors, ${warnings} warnings.`
}

export function reportJson(results: readonly Result[]): string {
  const findings = findingsOf(results)
  return `${JSON.stringify({ checks: results.map(({ id }) => id), findings }, undefined, 2)}\n`
}

/** 0 where all is well, 1 for warnings, 2 for errors. */
export function exitCodeOf(results: readonly Result[]): number {
  const severities = new Set(findingsOf(results).map(({ severity }) => severity))
  if (severities.has('error')) return 2
  return severities.has('warning') ? 1 : 0
}

const findingsOf = (results: readonly Result[]): Finding[] => results.flatMap(({ findings }) => findings)
