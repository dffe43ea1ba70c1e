import type { ConnectionPool } from './http1/connection-pool.ts'
import { getStatus } from './http1/get-status.ts'

type ProbeOptions = {
  connections: Pick<ConnectionPool, 'dispatch'>
  /** The address, which is also the `Host` of the probe. */
  url: string
  path: string
  everyMs: number
  timeoutMs: number
  /** @param cause why it failed; undefined where it did not */
  onResult(cause: Error | undefined): void
}

/**
 * Asks an address again and again whether it is well.
 * @returns stops asking
 */
export function startProbing(options: ProbeOptions): () => void {
  let isStopped = false
  let timer: NodeJS.Timeout | undefined

  async function next(): Promise<void> {
    const cause = await probe(options)
    if (isStopped) return
    options.onResult(cause)
    timer = setTimeout(run, options.everyMs).unref()
  }
  const run = (): void => void next()

  run()
  return () => {
    isStopped = true
    clearTimeout(timer)
  }
}

/** A probe passes when the address answers 2xx within the timeout. */
async function probe({ connections, url, path, timeoutMs }: ProbeOptions): Promise<Error | undefined> {
  try {
    const status = await getStatus(connections, { path, headers: ['Host', hostHeader(url)], timeoutMs })
    return status >= 200 && status < 300 ? undefined : new Error(`the probe was answered with ${status}`)
  } catch (error) {
    return error as Error
  }
}

/** A socket has no name (RFC 9110 §7.2 wants one all the same). */
function hostHeader(url: string): string {
  return url.startsWith('unix:') ? 'localhost' : new URL(url).host
}
