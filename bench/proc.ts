import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

const ticksPerSecond = 100
const microsecondsPerTick = 1e6 / ticksPerSecond

/** CPU time of a process so far, user and system, in microseconds. */
export async function cpuMicroseconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch((cause: unknown) => {
    throw new Error(`process ${pid} has ended by itself`, { cause })
  })
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * microsecondsPerTick
}

/** CPU time of a process and of those that it started, in microseconds. */
export const familyCpuMicroseconds = (pid: number): Promise<number> => sumOfFamily(pid, cpuMicroseconds)

/** Resident memory of a process and of those that it started, in MiB. Shared pages count for each of them. */
export const familyMemoryMiB = (pid: number): Promise<number> => sumOfFamily(pid, (each) => memoryMiB(each, 'VmRSS'))

async function sumOfFamily(pid: number, measure: (pid: number) => Promise<number>): Promise<number> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').filter(Boolean)
  const all = await Promise.all([pid, ...children.map(Number)].map(measure))
  return all.reduce((sum, each) => sum + each, 0)
}

/** Time that all cores together had nothing to do, in microseconds. */
export async function idleMicroseconds(): Promise<number> {
  const [first = ''] = (await readFile('/proc/stat', 'utf8')).split('\n')
  return Number(first.trim().split(/\s+/)[4]) * microsecondsPerTick
}

/** Resident memory in MiB: now (`VmRSS`) or at its peak since the last reset (`VmHWM`). */
export async function memoryMiB(pid: number, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024
}

export async function resetPeakMemory(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5').catch(() => {})
}

const stepMs = 500
const stillMiB = 0.5

/** Resident memory once it no longer moves, or after five seconds, in MiB. */
export async function settledMemoryMiB(pid: number): Promise<number> {
  let before = await memoryMiB(pid, 'VmRSS')
  for (let waitedMs = 0; waitedMs < 5_000; waitedMs += stepMs) {
    await delay(stepMs)
    const now = await memoryMiB(pid, 'VmRSS')
    if (Math.abs(now - before) < stillMiB) return now
    before = now
  }
  return before
}

/** So many ports may still be held by closed connections (TIME_WAIT, RFC 9293 §3.6.1) before thousands more are opened. */
const maxHeldPorts = 2_000

/** Waits until the ports of what was measured before are free again; Linux keeps each for a minute. */
export async function untilPortsAreFree(): Promise<void> {
  for (let waitedS = 0; waitedS < 90 && (await heldPorts()) > maxHeldPorts; waitedS += 1) await delay(1_000)
}

async function heldPorts(): Promise<number> {
  const text = await readFile('/proc/net/sockstat', 'utf8')
  return Number(/^TCP:.* tw (\d+)/m.exec(text)?.[1] ?? 0)
}
