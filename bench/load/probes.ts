import { get } from 'node:http'

import type { Figures } from '../report.ts'
import { quantile } from '../statistics.ts'

const everyMs = 100
/** Kubelet waits for one second by default (`timeoutSeconds`); slower answers are measured as well. */
const timeoutMs = 5_000

export type Probes = {
  /** Waits for those that are under way, and asks no more. */
  figures(): Promise<Figures>
  stop(): void
}

/** Probes as an orchestrator does, each on a connection of its own, until it is stopped; the first is the clients' listener. */
export function watchProbes(urls: readonly string[]): Probes {
  const watched = urls.map((url) => ({ url, latenciesMs: [] as number[], failed: 0 }))
  const underWay = new Set<Promise<void>>()
  const timer = setInterval(() => {
    for (const each of watched) {
      const probing = probeMs(each.url).then((latencyMs) => {
        if (latencyMs === undefined) each.failed += 1
        else each.latenciesMs.push(latencyMs)
        underWay.delete(probing)
      })
      underWay.add(probing)
    }
  }, everyMs)
  return {
    stop: () => clearInterval(timer),
    async figures() {
      clearInterval(timer)
      await Promise.all(underWay)
      const figures: Figures = {}
      for (const [i, { latenciesMs, failed }] of watched.entries()) {
        const name = i === 0 ? 'probe' : 'admin probe'
        const sorted = latenciesMs.toSorted((a, b) => a - b)
        figures[`${name} p50 ms`] = quantile(sorted, 0.5)
        figures[`${name} p99 ms`] = quantile(sorted, 0.99)
        figures[`${name}s failed`] = failed
      }
      return figures
    },
  }
}

function probeMs(url: string): Promise<number | undefined> {
  const startedAt = performance.now()
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: timeoutMs }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode === 200 ? performance.now() - startedAt : undefined))
    })
    request.once('timeout', () => request.destroy())
    request.once('error', () => resolve(undefined))
  })
}
