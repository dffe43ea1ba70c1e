const begin = '<!-- measured: written by `npm run bench -- --save` -->'
const end = '<!-- end of what was measured -->'

/** Puts new figures in place of the old ones; what people wrote below them stays. */
export function withMeasured(file: string, measured: string): string {
  const written = file.includes(end) ? file.slice(file.indexOf(end) + end.length) : '\n'
  return `# Results of the benchmarks\n\n${begin}\n\n${measured.trim()}\n\n${end}${written}`
}
