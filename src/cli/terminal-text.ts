/** Replaces control characters in untrusted text, which could move the cursor or reverse the text direction. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '·')
}

/** Formats rows as a table. Each column is as wide as its widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(printable))
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  return cells.map((row) => `${line(row).trimEnd()}\n`).join('')
}
