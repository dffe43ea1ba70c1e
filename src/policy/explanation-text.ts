import type { PathOddity } from '../boundary/canonical-path.ts'
import type { Decision } from './decision.ts'
import type { Explanation, RuleTrace } from './explain.ts'
import type { RequirementTrace } from './trace.ts'

/** An explanation for people, line by line. */
export function explanationLines({ asked, decision, rules, pathRefused }: Explanation): string[] {
  const width = Math.max(0, ...rules.map(({ rule }) => rule.length))
  return [
    `${asked.method} ${asked.path}${asked.host === '' ? '' : ` at ${asked.host}`}: ${decisionText(decision)}`,
    ...rules.flatMap((trace, index) => ruleLines(trace, index, width)),
    ...(decision.rule === undefined ? ['no rule matches, so access is refused'] : []),
    ...(pathRefused === undefined ? [] : [`400 whatever the rules decide: ${pathRefusedText(pathRefused)}`]),
  ]
}

/** Why a path is refused before its rule counts, and what lets it pass. */
export function pathRefusedText(reason: PathOddity): string {
  return `a path with ${reason} passes only where one rule with paths: as-is decides on each of its readings`
}

/** `allow by rule everything`, `deny role-missing by rule admin`. */
export function decisionText(decision: Decision): string {
  const verdict = decision.effect === 'allow' ? 'allow' : `deny ${decision.reason}`
  return decision.rule === undefined ? verdict : `${verdict} by rule ${decision.rule}`
}

function ruleLines(trace: RuleTrace, index: number, width: number): string[] {
  const head = `${String(index + 1).padStart(3)}. ${trace.rule.padEnd(width)}  `
  if (!trace.isMatch) {
    const why = trace.mismatches.map(({ what, wanted, asked }) => `${what} is ${asked}, not ${wanted}`)
    return [`${head}no match: ${why.join('; ')}`]
  }
  if (trace.requirement === undefined) return [`${head}match: ${accessText(trace.access)}`]
  return [`${head}match, with a requirement:`, ...requirementLines(trace.requirement, 2)]
}

const accessTexts = {
  public: 'it is public',
  authenticated: 'the caller is signed in',
  requirement: 'there is a requirement, and the caller is not signed in',
}

function accessText(access: keyof typeof accessTexts): string {
  return accessTexts[access]
}

function requirementLines(trace: RequirementTrace, depth: number): string[] {
  const head = `${'    '.repeat(depth)}${trace.isMet ? '[x]' : '[ ]'} `
  if (trace.kind === 'leaf') return [`${head}${trace.name}: wanted ${trace.wanted}; has ${trace.found}`]
  const names = { all: 'all of', any: 'any of', not: 'not' }
  return [head + names[trace.kind], ...trace.parts.flatMap((part) => requirementLines(part, depth + 1))]
}
