/**
 * `--import` loads this file before the gateway. On SIGUSR2 it writes the resources of the process to a file in `DRILL_RESOURCES`, or,
 * if a file `snapshot` exists there, a snapshot of its heap.
 */
import { createHook } from 'node:async_hooks'
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString, writeHeapSnapshot } from 'node:v8'
import { runInNewContext } from 'node:vm'

const folder = process.env['DRILL_RESOURCES'] ?? ''
/** Pending timers, including those that do not keep the process alive. */
const timers = new Set<number>()

createHook({
  trackPromises: false,
  init: (id, type) => void (type === 'Timeout' && timers.add(id)),
  destroy: (id) => void timers.delete(id),
}).enable()

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

process.on('SIGUSR2', () => {
  const snapshot = join(folder, `${process.pid}.heapsnapshot`)
  if (existsSync(join(folder, 'snapshot'))) return renameSync(writeHeapSnapshot(`${snapshot}.new`), snapshot)
  collectGarbage()
  const resources: Record<string, number> = {}
  for (const type of process.getActiveResourcesInfo()) resources[type] = (resources[type] ?? 0) + 1
  const { heapUsed: heapBytes, external, arrayBuffers } = process.memoryUsage()
  const file = join(folder, `${process.pid}.json`)
  writeFileSync(
    `${file}.new`,
    JSON.stringify({ timers: timers.size, heapBytes, externalBytes: external + arrayBuffers, resources }),
  )
  renameSync(`${file}.new`, file)
})
