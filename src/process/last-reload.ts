import { basename } from 'node:path'

import { Gauge, type Registry } from 'prom-client'

import type { Problem } from '../config/problem.ts'
import { formatPath } from '../config/tree/tree.ts'
import type { Condition } from '../telemetry/condition.ts'

/** Why the configuration in the files is not in force. */
export type Refusal = {
  /** One sentence for readiness, which is public: no values. */
  summary: string
  /** Each place that is wrong: file, line and option. */
  places: string[]
}

/** The result of the last reload. */
type ReloadResult = {
  /** When the configuration in force took effect, epoch ms. */
  inForceSince: number
  refusal?: Refusal | undefined
}

export type LastReload = ReturnType<typeof createLastReload>

/** Holds the result of the last reload, for readiness and metrics. */
export function createLastReload(inForceSince: number) {
  let result: ReloadResult = { inForceSince }
  return {
    current: () => result,
    note: (next: ReloadResult) => void (result = next),
    condition: () => conditionOf(result),
  }
}

/** Degraded, and so still ready: the former configuration stays in force. */
function conditionOf({ refusal }: ReloadResult): Condition {
  if (refusal === undefined) return { name: 'configuration', status: 'ok' }
  return { name: 'configuration', status: 'degraded', reason: `the files are not in force: ${refusal.summary}` }
}

/** The refusal of a configuration with problems. */
export function refusalOf(problems: readonly Problem[]): Refusal {
  const places = problems.map(placeOf)
  const more = places.length > 1 ? ` and ${places.length - 1} more` : ''
  return { summary: `${places[0]}${more}; the log says what is wrong`, places }
}

/** The refusal of a configuration that is valid but cannot be put in force. */
export function refusalFor(reason: string): Refusal {
  return { summary: reason, places: [] }
}

function placeOf({ source, path }: Problem): string {
  const option = path.length === 0 ? '' : ` (${formatPath(path)})`
  return `${basename(source.file)}:${source.line}${option}`
}

/** Shows the result as metrics. Several workers show the worst result; theirs differ only for a moment. */
export function showLastReload(registry: Registry, result: () => ReloadResult): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    registry.registerMetric(
      new Gauge({
        name,
        help,
        aggregator: 'min',
        registers: [],
        collect() {
          this.set(read())
        },
      }),
    )
  }
  gauge(
    'stagedoor_config_last_reload_successful',
    'Whether the configuration was put in force when the files were read last: 1 or 0.',
    () => (result().refusal === undefined ? 1 : 0),
  )
  gauge(
    'stagedoor_config_last_reload_success_timestamp_seconds',
    'Since when the configuration is in force, in seconds since the epoch.',
    () => result().inForceSince / 1000,
  )
}
