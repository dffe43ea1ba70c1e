import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const quietAfterMs = 1_000

/**
 * Gives back the memory that starting took and serving does not need (about a fifth of the process): left to itself V8
 * keeps it until traffic forces a collection. Once, a second after the start; takes some tens of milliseconds.
 */
export function giveBackStartupMemory(): void {
  setTimeout(() => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as (options: object) => void
    setFlagsFromString('--no-expose-gc')
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  }, quietAfterMs).unref()
}
