type Rule = { name: string; path: string; methods: string[] | undefined; allow: unknown; upstream?: string }

/** The rules made from a pattern of `skip-auth-route`; empty if a person has to write them. */
type PublicRules = { pattern: string; rules: Rule[] }

const plainPath = /^\^(\/[\w./-]*?)(\/?)(\$|\.\*\$?)?$/

/**
 * Converts a pattern of `skip-auth-route` or `skip-auth-regex` (`GET=^/status$`), a regular expression, into rules for paths.
 * Only patterns that match one path or a path prefix are converted. The rules never match more than the pattern.
 */
export function publicRules(pattern: string, number: number): PublicRules {
  const [, method, isNot, expression = ''] = /^(?:([A-Z]+)(!?)=)?(.*)$/.exec(pattern) ?? []
  const [whole, path = '', slash = '', end] = plainPath.exec(unescaped(expression)) ?? []
  if (whole === undefined || isNot === '!' || path.includes('..')) return { pattern, rules: [] }
  const methods = method === undefined ? undefined : [method]
  const named = (name: string, path: string): Rule => ({ name, path, methods, allow: 'public' })
  const name = `public-${number}`
  if (end === '$') return { pattern, rules: [named(name, `${path}${slash}`)] }
  // `^/status` also matches `/statuses`, which a rule cannot express. The rules match only the path and everything below it.
  const start = path === '/' ? '' : path
  const below = named(`${name}-below`, `${start}/**`)
  return { pattern, rules: slash === '/' || start === '' ? [below] : [named(name, path), below] }
}

/** Removes backslashes before characters that are literal in a path: dot, slash and dash. */
function unescaped(expression: string): string {
  return expression.replaceAll(/\\([./-])/g, '$1')
}

type Upstream = { name: string; url: string; path: string }

/** An upstream of oauth2-proxy. The path in its URL decides which requests it gets. Undefined if it is not a server, such as `file:`. */
export function upstreamOf(text: string, taken: readonly string[]): Upstream | undefined {
  if (text.startsWith('unix:'))
    return { name: nameFor('/', taken), url: `unix:${text.replace(/^unix:(?:\/\/)?/, '')}`, path: '/**' }
  if (!/^https?:/.test(text) || !URL.canParse(text)) return undefined
  const { origin, pathname } = new URL(text)
  const path = pathname.endsWith('/') ? `${pathname}**` : pathname
  return { name: nameFor(pathname, taken), url: origin, path }
}

/** A unique name. The upstream for `/` is named `backstage`, as in the default configuration. */
function nameFor(path: string, taken: readonly string[]): string {
  const name =
    path === '/'
      ? 'backstage'
      : path
          .replaceAll(/[^a-z0-9]+/gi, '-')
          .replaceAll(/^-|-$/g, '')
          .toLowerCase()
  return taken.includes(name) ? `${name}-${taken.length + 1}` : name
}
