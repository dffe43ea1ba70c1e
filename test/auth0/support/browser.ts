export type Browser = {
  /** Follows redirects while they stay at the origin of the first request. @returns the last answer */
  get: (url: string) => Promise<Page>
  submit: (url: string, fields: Record<string, string>) => Promise<Page>
  cookies: Map<string, string>
}
export type Page = { status: number; url: string; location: string | undefined; text: string; headers: Headers }

/** A minimal browser for these tests: cookies, redirects, forms. */
export function createBrowser(): Browser {
  const cookies = new Map<string, string>()

  async function visit(url: string, init: RequestInit): Promise<Page> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { cookie, accept: 'text/html' } })
    for (const line of response.headers.getSetCookie()) remember(line)
    const location = response.headers.get('location') ?? undefined
    const next = location === undefined ? undefined : new URL(location, url)
    if (next && next.origin === new URL(url).origin) {
      await response.body?.cancel()
      return visit(next.href, {})
    }
    return {
      status: response.status,
      url,
      location: next?.href,
      text: await response.text(),
      headers: response.headers,
    }
  }

  function remember(line: string): void {
    const [pair = ''] = line.split(';', 1)
    const at = pair.indexOf('=')
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
    if (value === '') cookies.delete(name)
    else cookies.set(name, value)
  }

  return {
    cookies,
    get: (url) => visit(url, {}),
    submit: (url, fields) => visit(url, { method: 'POST', body: new URLSearchParams(fields) }),
  }
}
