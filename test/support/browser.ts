import { request } from 'undici'

/** A browser at the level of HTTP: cookies by host and prefix `__Host-`, redirects, forms, fetch metadata. */
export type Browser = {
  /** Loads a page as a navigation and follows redirects. @returns the last answer */
  open(url: string, init?: Init): Promise<Page>
  /** Loads a page without following redirects. */
  step(url: string, init?: Init): Promise<Page>
  /** Sends a request like a script of the page. */
  fetch(url: string, init?: Init): Promise<Page>
  /** Sends a form of the page at `from`. */
  submit(from: string, action: string, fields: Record<string, string>): Promise<Page>
  cookiesOf(url: string): Map<string, string>
}

export type Init = { method?: 'GET' | 'POST'; headers?: Record<string, string>; body?: string | URLSearchParams }
export type Page = { status: number; url: string; location: string | undefined; headers: Headers; text: string }

const maxRedirects = 12

export function createBrowser(): Browser {
  const jars = new Map<string, Map<string, string>>()

  const cookiesOf = (url: string): Map<string, string> => {
    const { host } = new URL(url)
    const jar = jars.get(host) ?? new Map<string, string>()
    jars.set(host, jar)
    return jar
  }

  // undici's request, because fetch writes Sec-Fetch-Mode itself.
  async function send(url: string, { method = 'GET', headers = {}, body }: Init): Promise<Page> {
    const jar = cookiesOf(url)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const form = body instanceof URLSearchParams ? { 'content-type': 'application/x-www-form-urlencoded' } : {}
    const response = await request(url, {
      method,
      headers: { ...form, ...headers, ...(cookie && { cookie }) },
      body: body === undefined ? null : String(body),
    })
    const received = new Headers()
    for (const [name, value] of Object.entries(response.headers)) {
      for (const line of [value ?? []].flat()) received.append(name, line)
    }
    for (const line of received.getSetCookie()) remember(jar, line)
    const location = received.get('location')
    return {
      status: response.statusCode,
      url,
      location: location === null ? undefined : new URL(location, url).href,
      headers: received,
      text: await response.body.text(),
    }
  }

  const step = (url: string, init: Init = {}): Promise<Page> =>
    send(url, { ...init, headers: { ...navigationHeaders, ...init.headers } })

  async function open(url: string, init: Init = {}): Promise<Page> {
    let page = await step(url, init)
    for (let i = 0; page.location !== undefined && i < maxRedirects; i++) page = await step(page.location)
    return page
  }

  return {
    open,
    step,
    cookiesOf,
    fetch: (url, init = {}) => send(url, { ...init, headers: { ...scriptHeaders, ...init.headers } }),
    submit: (from, action, fields) =>
      open(new URL(action, from).href, {
        method: 'POST',
        body: new URLSearchParams(fields),
        headers: { origin: new URL(from).origin, 'sec-fetch-site': 'same-origin' },
      }),
  }
}

const navigationHeaders = { accept: 'text/html,*/*', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const scriptHeaders = { accept: 'application/json', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }

function remember(jar: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split(';')
  const at = pair.indexOf('=')
  const isGone = attributes.some((attribute) => attribute.trim().toLowerCase() === 'max-age=0')
  if (isGone) jar.delete(pair.slice(0, at))
  else jar.set(pair.slice(0, at), pair.slice(at + 1))
}
