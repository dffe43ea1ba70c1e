/** Edits (insert, delete, replace, swap neighbours) that turn one word into another. */
export function editDistance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)]
  const cell = (row: number, column: number) => Number(rows[row]?.[column])
  for (let row = 1; row <= from.length; row++) {
    rows[row] = [row]
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1]
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      const swapped = isSwap ? cell(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY
      const replaced = cell(row - 1, column - 1) + (isSame ? 0 : 1)
      rows[row]?.push(Math.min(cell(row - 1, column) + 1, cell(row, column - 1) + 1, replaced, swapped))
    }
  }
  return cell(from.length, to.length)
}

/** The known word that was probably meant, or undefined. */
export function suggest(word: string, known: readonly string[]): string | undefined {
  const normal = normalise(word)
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(normal, normalise(candidate)) }))
    .toSorted((a, b) => a.distance - b.distance)
  const [best] = ranked
  const limit = Math.max(1, Math.floor(word.length / 3))
  return best !== undefined && best.distance <= limit ? best.candidate : undefined
}

/** Spellings that differ in case, dashes or underscores only are the same word to a person. */
function normalise(word: string): string {
  return word.toLowerCase().replaceAll(/[-_]/g, '')
}
