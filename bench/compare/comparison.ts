import { type CaseResult, format, markdownTable, medians, type Row, valuesOf } from '../report.ts'
import { paired } from '../statistics.ts'

export const rowName = (candidate: string, commit: string): string => `${candidate} @ ${commit}`

/**
 * One Markdown section: for each candidate and figure the medians of both commits and the ratio, after to before, with
 * its smallest and largest of any round. A ratio whose range holds 1 is no difference.
 */
export function comparison(
  { title, rows }: CaseResult,
  [before, after]: readonly [string, string],
  candidates: readonly string[],
): string {
  const lines = candidates.flatMap((candidate) => {
    const rowOf = (commit: string) => rows.find(({ name }) => name === rowName(candidate, commit))
    return linesOf(candidate, rowOf(before), rowOf(after))
  })
  const header = ['', 'figure', before, after, 'ratio: median', 'min', 'max']
  const failures = rows.filter(({ failure }) => failure !== undefined).map(({ name, failure }) => `${name}: ${failure}`)
  return [`### ${title}`, '', markdownTable(header, lines), '', ...failures, ''].join('\n')
}

function linesOf(candidate: string, before: Row | undefined, after: Row | undefined): string[][] {
  const [runsBefore, runsAfter] = [before?.runs ?? [], after?.runs ?? []]
  const [mediansBefore, mediansAfter] = [medians(runsBefore), medians(runsAfter)]
  const figures = Object.keys({ ...mediansBefore, ...mediansAfter }).filter((figure) => figure !== 'errors')
  return figures.map((figure) => {
    const ratio = paired(valuesOf(runsAfter, figure), valuesOf(runsBefore, figure))
    const shown = [mediansBefore[figure], mediansAfter[figure], ratio.median, ratio.min, ratio.max].map(format)
    return [candidate, figure, ...shown]
  })
}
