/** Replaces the beginning of a path, whole segments only: `/docs` → `/` makes `/docs/a` into `/a`. */
export type Rewrite = { from: string; to: string }

/**
 * The path to request from the upstream; undefined if the path does not begin with `from`. Letter case is ignored, as rules
 * ignore it: a path that a rule covers must not reach the upstream under another name.
 * @param path canonical path
 */
export function rewritePath(path: string, { from, to }: Rewrite): string | undefined {
  const prefix = withoutTrailingSlash(from)
  if (path.slice(0, prefix.length).toLowerCase() !== prefix.toLowerCase()) return undefined
  const rest = path.slice(prefix.length)
  if (rest !== '' && !rest.startsWith('/')) return undefined
  const rewritten = withoutTrailingSlash(to) + rest
  return rewritten === '' ? '/' : rewritten
}

/** The part of the path that was removed (`X-Forwarded-Prefix`), for links in the upstream's pages. */
export function removedPrefix({ from }: Rewrite): string {
  return withoutTrailingSlash(from)
}

function withoutTrailingSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}
