/** The whole gateway with a cookie session, observed as `BENCH_OBSERVED` says. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Parts } from '../../src/assembly/provision.ts'
import { createSealer } from '../../src/seal/sealer.ts'
import { announce } from '../candidates/environment.ts'
import { startGateway } from '../candidates/gateway.ts'
import { benchSession, sessionSecret } from '../gateway-config.ts'

const folder = mkdtempSync(join(tmpdir(), 'stagedoor-bench-'))
process.once('exit', () => rmSync(folder, { recursive: true }))

const file = { sinks: [{ file: { path: join(folder, 'audit.jsonl') } }] }
const quietLog = { log: { level: 'warn' } }
const otlp = (sampleRatio: number) => ({ otlp: { endpoint: process.env.BENCH_OTLP ?? '', sampleRatio } })

/** Neither a record nor a figure is made of a request. */
function watchNothing({ audit, telemetry }: Parts): void {
  Object.assign(audit, {
    trail: { ...audit.trail, write: () => undefined, flush: () => undefined, ensure: async () => undefined },
    classify: () => undefined,
  })
  Object.assign(telemetry.metrics, { decided: () => undefined })
}

const ways: Record<string, { sections: object; adjust?: (parts: Parts) => void }> = {
  nothing: { sections: quietLog, adjust: watchNothing },
  'audit file and metrics': { sections: { ...quietLog, audit: file } },
  'with a line a request': { sections: { log: { level: 'info' }, audit: file } },
  'traces, none sampled': { sections: { ...quietLog, audit: file, telemetry: otlp(0) } },
  'traces, a tenth sampled': { sections: { ...quietLog, audit: file, telemetry: otlp(0.1) } },
}

const way = ways[process.env.BENCH_OBSERVED ?? '']
if (way === undefined) throw new Error(`BENCH_OBSERVED is one of: ${Object.keys(ways).join(', ')}`)
await startGateway(way.sections, undefined, way.adjust)
announce({ cookie: `stagedoor=${await createSealer([sessionSecret], 'session').seal(benchSession())}` })
