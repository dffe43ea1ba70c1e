/**
 * The whole gateway with a cookie session, which switches what `BENCH_OBSERVED` names off and on every quarter of a second under
 * load, and prints what a request costs in CPU time each way: neither another process nor another minute is compared.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Parts } from '../../src/assembly/provision.ts'
import { createSealer } from '../../src/seal/sealer.ts'
import { announce } from '../candidates/environment.ts'
import { startGateway } from '../candidates/gateway.ts'
import { benchSession, sessionSecret } from '../gateway-config.ts'

const blockMs = 250
const folder = mkdtempSync(join(tmpdir(), 'stagedoor-bench-'))
process.once('exit', () => rmSync(folder, { recursive: true }))
const toFile = { audit: { sinks: [{ file: { path: join(folder, 'audit.jsonl') } }] } }

/** Puts members of an object in place, as they were or doing nothing. */
function switchOf<Target extends object>(target: Target, off: Partial<Target>): (isOn: boolean) => void {
  const on = { ...target }
  return (isOn) => void Object.assign(target, isOn ? on : off)
}

function auditAndMetrics(parts: Parts): (isOn: boolean) => void {
  // A trail of its own object, because the plugins hold on to it.
  const trail = { ...parts.audit.trail }
  Object.assign(parts.audit, { trail })
  const records = switchOf(trail, { write: () => undefined, flush: () => undefined, ensure: async () => undefined })
  const figures = switchOf(parts.telemetry.metrics, { decided: () => undefined })
  return (isOn) => {
    records(isOn)
    figures(isOn)
  }
}

function requestLines({ requestLine }: Parts): (isOn: boolean) => void {
  const logger = { info: requestLine.logger.info.bind(requestLine.logger), isLevelEnabled: () => true }
  Object.assign(requestLine, { logger })
  return switchOf(logger, { isLevelEnabled: () => false })
}

const nothing = () => () => undefined

const ways: Record<string, { sections: object; switchIn: (parts: Parts) => (isOn: boolean) => void }> = {
  'audit to a file, and metrics': { sections: { log: { level: 'warn' }, ...toFile }, switchIn: auditAndMetrics },
  'a line of the log for each request': { sections: { log: { level: 'info' }, ...toFile }, switchIn: requestLines },
  'nothing: how much is noise': { sections: { log: { level: 'warn' }, ...toFile }, switchIn: nothing },
}

const way = ways[process.env.BENCH_OBSERVED ?? '']
if (way === undefined) throw new Error(`BENCH_OBSERVED is one of: ${Object.keys(ways).join(', ')}`)
let turn: (isOn: boolean) => void = () => undefined
let requests = 0
await startGateway(way.sections, undefined, (parts) => {
  turn = way.switchIn(parts)
  const { boundary } = parts
  const { randomHex } = boundary
  // Each request makes one trace id: the cheapest place to count them.
  boundary.randomHex = (bytes) => {
    if (bytes === 16) requests += 1
    return randomHex(bytes)
  }
})

let isOn = true
let [cpuBefore, before] = [process.cpuUsage(), 0]
/** CPU microseconds a request, of each block in turn: on, off, on … */
const costs: number[] = []
setInterval(() => {
  const { user, system } = process.cpuUsage(cpuBefore)
  costs.push((user + system) / (requests - before))
  isOn = !isOn
  turn(isOn)
  cpuBefore = process.cpuUsage()
  before = requests
}, blockMs)
process.stdin.once('data', () => process.stdout.write(`${JSON.stringify({ costs })}\n`))
announce({ cookie: `stagedoor=${await createSealer([sessionSecret], 'session').seal(benchSession())}` })
