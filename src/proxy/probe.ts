import type { Dispatcher } from 'undici'

export type ProbeOptions = {
  dispatcher: Dispatcher
  origin: string
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

/** Well is who answers 2xx in time. */
async function probe({ dispatcher, origin, path, timeoutMs }: ProbeOptions): Promise<Error | undefined> {
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const { statusCode, body } = await dispatcher.request({ origin, path, method: 'GET', signal })
    await body.dump()
    return statusCode >= 200 && statusCode < 300 ? undefined : new Error(`the probe was answered with ${statusCode}`)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
