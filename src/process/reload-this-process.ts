import type { AuditEvent } from '../audit/event.ts'
import { changesBetween, type OptionChange } from '../config/changes.ts'
import { configDigest } from '../config/fingerprints.ts'
import type { Reloadable } from './reload.ts'
import type { Prepared, Served } from './running-gateway.ts'
import type { Log } from './signals.ts'

/** Reloads the configuration of this process. */
export function createReloadable(served: Served, { logger, follow }: Pick<Log, 'logger' | 'follow'>): Reloadable {
  let prepared: Prepared | undefined
  return {
    async prepare(loaded) {
      try {
        prepared = await served.prepare(loaded)
        return undefined
      } catch (err) {
        logger.error({ err }, 'the new configuration cannot be prepared')
        return err instanceof Error ? err.message : String(err)
      }
    },
    async putInForce() {
      if (prepared === undefined) return false
      const { config, putInForce } = prepared
      const former = served.config()
      prepared = undefined
      await putInForce()
      await follow(config)
      const { audit, lastReload } = served.parts()
      lastReload.note({ inForceSince: Date.now() })
      for (const event of recordsOf(changesBetween(former, config), configDigest(config))) audit.trail.write(event)
      return true
    },
    async refuse(refusal) {
      await prepared?.abandon()
      prepared = undefined
      const { audit, lastReload } = served.parts()
      lastReload.note({ ...lastReload.current(), refusal })
      const change = { what: 'configuration', action: 'refused', options: refusal.places }
      audit.trail.write({ event: 'config', change })
    },
  }
}

/** The audit records of a change. They name the options, without values. */
function recordsOf(changes: readonly OptionChange[], digest: string): AuditEvent[] {
  const names = (isSecret: boolean): string[] =>
    changes.filter((change) => change.isSecret === isSecret).map(({ option }) => option)
  const [options, secrets] = [names(false), names(true)]
  const events: AuditEvent[] = []
  if (options.length > 0) {
    events.push({ event: 'config', change: { what: 'configuration', action: 'changed', id: digest, options } })
  }
  if (secrets.length > 0) {
    events.push({
      event: 'secret',
      change: { what: 'secrets of the configuration', action: 'changed', options: secrets },
    })
  }
  return events
}
