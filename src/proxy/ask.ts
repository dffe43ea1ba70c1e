import type { Dispatcher } from 'undici'

import type { Upstream } from './upstream.ts'

export type Question = {
  path: string
  /** Flat list of names and values, `Host` among them. */
  headers: readonly string[]
  timeoutMs: number
  /** Questions of one key share one turn among the clients that wait for the upstream. */
  clientKey: string
}

/**
 * A GET of our own, for no client's request, within the bounds of all others; the answer's body is of no interest.
 *
 * @returns its status
 * @throws Error where there is no room, or no answer in time
 */
export async function askUpstream(
  { requests: { admission, choose }, serverName }: Pick<Upstream, 'requests' | 'serverName'>,
  { path, headers, timeoutMs, clientKey }: Question,
): Promise<number> {
  await new Promise<void>((admit, reject) => {
    admission.enter({ clientKey, admit, refuse: () => reject(new Error('too many requests are under way')) })
  })
  const target = choose(undefined)
  target.active += 1
  try {
    const request: Dispatcher.RequestOptions & { servername?: string | undefined } = {
      path,
      method: 'GET',
      headers: [...headers],
      signal: AbortSignal.timeout(timeoutMs),
      servername: serverName,
    }
    const { statusCode, body } = await target.dispatcher.request(request)
    await body.dump()
    return statusCode
  } finally {
    target.active -= 1
    admission.leave()
  }
}
