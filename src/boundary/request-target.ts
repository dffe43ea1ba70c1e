/** A request target split at its first `?`, nothing decoded. */
export type RequestTarget = { path: string; query: string }

/** Splits `/path?query`; the query keeps its `?` and is otherwise left alone. */
export function splitTarget(target: string): RequestTarget {
  const at = target.indexOf('?')
  return at === -1 ? { path: target, query: '' } : { path: target.slice(0, at), query: target.slice(at) }
}

const queryCharacters = /^[\x21-\x7e]*$/

/** A query may hold anything printable; a raw control character, space or `#` means the client did not write a URL. */
export function isPlainQuery(query: string): boolean {
  return query === '' || (queryCharacters.test(query) && !query.includes('#'))
}
