import type { Import } from './imports.ts'

const neighboursOf = (imports: readonly Import[]): Map<string, string[]> => {
  const neighbours = new Map<string, string[]>()
  for (const { from, to } of imports) neighbours.set(from, [...(neighbours.get(from) ?? []), to])
  return neighbours
}

/** One path `[a, b, …, a]` for each cycle that a walk along the imports closes; types count, for they tie files too. */
export const cyclesAmong = (imports: readonly Import[]): string[][] => {
  const neighbours = neighboursOf(imports)
  const finished = new Set<string>()
  const cycles: string[][] = []
  const walk = (file: string, trail: readonly string[]): void => {
    const seenAt = trail.indexOf(file)
    if (seenAt >= 0) cycles.push([...trail.slice(seenAt), file])
    if (seenAt >= 0 || finished.has(file)) return
    for (const next of neighbours.get(file) ?? []) walk(next, [...trail, file])
    finished.add(file)
  }
  for (const file of neighbours.keys()) walk(file, [])
  return cycles
}
