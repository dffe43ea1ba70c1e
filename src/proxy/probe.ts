import type { ConnectionPool } from './http1/connection-pool.ts'
import { getStatus } from './http1/get-status.ts'

type ProbeOptions = {
  connections: Pick<ConnectionPool, 'dispatch'>
  /** The address, which is also the `Host` of the probe. */
  url: string
  path: string
  everyMs: number
  timeoutMs: number
  /** @param cause why the probe failed; undefined if it passed */
  onResult(cause: Error | undefined): void
}

/**
 * Probes an address at regular intervals.
 * @returns a function that stops the probes
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

/** A Unix socket has no host name, but RFC 9110 §7.2 requires the header. */
function hostHeader(url: string): string {
  return url.startsWith('unix:') ? 'localhost' : new URL(url).host
}
