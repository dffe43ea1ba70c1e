/**
 * The whole gateway with a cookie session, with what `BENCH_OBSERVED` names or, where `BENCH_WITHOUT` is set, without it from the
 * start on. Answers each line of its standard input with the CPU time that it has used.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Parts } from '../../src/assembly/plugin-options.ts'
import { createSealer } from '../../src/seal/sealer.ts'
import { announce } from '../candidates/environment.ts'
import { startGateway } from '../candidates/gateway.ts'
import { benchSession, sessionSecret } from '../gateway-config.ts'

const folder = mkdtempSync(join(tmpdir(), 'stagedoor-bench-'))
process.once('exit', () => rmSync(folder, { recursive: true }))
const toFile = { audit: { sinks: [{ file: { path: join(folder, 'audit.jsonl') } }] } }
const quiet = { log: { level: 'warn' }, ...toFile }

function leaveOutAuditAndMetrics({ audit, telemetry }: Parts): void {
  const nothing = { write: () => undefined, flush: () => undefined, ensure: async () => undefined }
  Object.assign(audit, { trail: { ...audit.trail, ...nothing } })
  Object.assign(telemetry.metrics, { decided: () => undefined })
}

type Way = { sections: object; sectionsWithout?: object; leaveOut?: (parts: Parts) => void }

const ways: Record<string, Way> = {
  'audit to a file, and metrics': { sections: quiet, leaveOut: leaveOutAuditAndMetrics },
  'a line of the log for each request': { sections: { log: { level: 'info' }, ...toFile }, sectionsWithout: quiet },
  'nothing: how much is noise': { sections: quiet },
}

const way = ways[process.env.BENCH_OBSERVED ?? '']
if (way === undefined) throw new Error(`BENCH_OBSERVED is one of: ${Object.keys(ways).join(', ')}`)
const { sections, sectionsWithout = sections, leaveOut } = way
if (process.env.BENCH_WITHOUT === '1') await startGateway(sectionsWithout, undefined, leaveOut)
else await startGateway(sections)
process.stdin.on('data', () => {
  const { user, system } = process.cpuUsage()
  process.stdout.write(`${JSON.stringify({ cpuMicroseconds: user + system })}\n`)
})
announce({ cookie: `stagedoor=${await createSealer([sessionSecret], 'session').seal(benchSession())}` })
