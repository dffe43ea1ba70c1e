import type { ServerResponse } from 'node:http'

export type FaultKind = 'refuse' | 'error' | 'slow' | 'garbage'

export type Faults = {
  down: (kind?: FaultKind, paths?: string[]) => void
  up: () => void
  /** The next requests below `prefix` get these statuses, one each; 429 with `retry-after: 1`. */
  failNext: (prefix: string, statuses: number[]) => void
  slowMs: number
  /** Answers instead of the provider. @returns whether it did */
  intercept: (path: string, response: ServerResponse) => Promise<boolean>
  close: () => void
}

/** Faults on demand: for all paths, or for those that start with one of `paths`. */
export function createFaults(): Faults {
  let kind: FaultKind | undefined
  let affected: string[] = ['/']
  const waiting = new Set<() => void>()
  let planned: { prefix: string; statuses: number[] } = { prefix: '/', statuses: [] }

  const faults: Faults = {
    slowMs: 2000,
    down(newKind = 'refuse', paths = ['/']) {
      kind = newKind
      affected = paths
    },
    up() {
      kind = undefined
      releaseAll()
    },
    failNext(prefix, statuses) {
      planned = { prefix, statuses: [...statuses] }
    },
    async intercept(path, response) {
      const status = path.startsWith(planned.prefix) ? planned.statuses.shift() : undefined
      if (status !== undefined) {
        answerStatus(status, response)
        return true
      }
      if (!kind || !affected.some((prefix) => path.startsWith(prefix))) return false
      if (kind === 'slow') {
        await delay(faults.slowMs)
        return response.destroyed
      }
      misbehave(kind, response)
      return true
    },
    close: releaseAll,
  }

  function releaseAll() {
    for (const release of waiting) release()
  }

  /** Ends early when the fault is over, so that no test waits for it. */
  function delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const release = () => {
        clearTimeout(timer)
        waiting.delete(release)
        resolve()
      }
      const timer = setTimeout(release, ms)
      waiting.add(release)
    })
  }

  return faults
}

function answerStatus(status: number, response: ServerResponse): void {
  const headers = { 'content-type': 'application/json', ...(status === 429 ? { 'retry-after': '1' } : {}) }
  response.writeHead(status, headers).end(JSON.stringify({ statusCode: status, message: 'planned failure' }))
}

function misbehave(kind: 'refuse' | 'error' | 'garbage', response: ServerResponse): void {
  if (kind === 'refuse') {
    response.socket?.destroy()
    return
  }
  if (kind === 'error') {
    response.writeHead(503, { 'content-type': 'text/plain' }).end('Service Unavailable')
    return
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"issuer": 42, "keys": [{"kty":')
}
