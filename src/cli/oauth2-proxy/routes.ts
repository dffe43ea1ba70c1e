type Rule = { name: string; path: string; methods: string[] | undefined; allow: unknown; upstream?: string }

/** The rules made from a pattern of `skip-auth-route`; none where a person has to write them. */
type PublicRules = { pattern: string; rules: Rule[] }

const plainPath = /^\^(\/[\w./-]*?)(\/?)(\$|\.\*\$?)?$/

/**
 * Rules for a pattern of `skip-auth-route` or `skip-auth-regex` (`GET=^/status$`): a regular expression there, a path here.
 * Only those are converted that are a path or its beginning, and never to more than they covered.
 */
export function publicRules(pattern: string, number: number): PublicRules {
  const [, method, isNot, expression = ''] = /^(?:([A-Z]+)(!?)=)?(.*)$/.exec(pattern) ?? []
  const [whole, path = '', slash = '', end] = plainPath.exec(unescaped(expression)) ?? []
  if (whole === undefined || isNot === '!' || path.includes('..')) return { pattern, rules: [] }
  const methods = method === undefined ? undefined : [method]
  const named = (name: string, path: string): Rule => ({ name, path, methods, allow: 'public' })
  const name = `public-${number}`
  if (end === '$') return { pattern, rules: [named(name, `${path}${slash}`)] }
  // What begins with `/status` also covers `/statuses`, which a rule cannot say: the path and what is below it are public.
  const start = path === '/' ? '' : path
  const below = named(`${name}-below`, `${start}/**`)
  return { pattern, rules: slash === '/' || start === '' ? [below] : [named(name, path), below] }
}

/** Without the backslashes that only make a dot or a dash literal. */
function unescaped(expression: string): string {
  return expression.replaceAll(/\\([./-])/g, '$1')
}

type Upstream = { name: string; url: string; path: string }

/** An upstream of oauth2-proxy: its URL's path says which requests it gets. Undefined where it is no server. */
export function upstreamOf(text: string, taken: readonly string[]): Upstream | undefined {
  if (text.startsWith('unix:'))
    return { name: nameFor('/', taken), url: `unix:${text.replace(/^unix:(?:\/\/)?/, '')}`, path: '/**' }
  if (!/^https?:/.test(text) || !URL.canParse(text)) return undefined
  const { origin, pathname } = new URL(text)
  const path = pathname.endsWith('/') ? `${pathname}**` : pathname
  return { name: nameFor(pathname, taken), url: origin, path }
}

/** `backstage` for what gets all the rest, as the configuration calls it by default. */
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
