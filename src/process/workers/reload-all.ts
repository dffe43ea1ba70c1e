import type { LoadedConfig } from '../../config/load.ts'
import type { Texts } from '../../config/tree/texts.ts'
import type { Refusal } from '../last-reload.ts'
import type { Reloadable } from '../reload.ts'
import type { Channel } from './channel.ts'
import type { Supervisor, Workforce } from './supervisor.ts'

/** How long a worker may take to prepare a configuration. */
const maxPreparingMs = 60_000
const maxOtherMs = 10_000

/** The worker's side: reloads the configuration when the primary requests it. */
export function reloadWithPrimary(
  channel: Pick<Channel, 'answer'>,
  { prepare, putInForce, refuse }: Reloadable,
  load: (texts: Texts) => Promise<LoadedConfig>,
): void {
  channel.answer('prepare', async (detail) => (await prepare(await load(new Map(JSON.parse(detail))))) ?? '')
  channel.answer('put-in-force', putInForce)
  channel.answer('refuse', (detail) => refuse(JSON.parse(detail) as Refusal))
}

type Workers = Pick<Supervisor, 'questions' | 'use' | 'renew' | 'serving' | 'noteRefusal'>

/**
 * The primary's side: puts a configuration in force in all workers, or in none if one cannot prepare it.
 * @param workforceOf the number and settings of the workers, from a configuration
 */
export function reloadAll(workers: Workers, workforceOf: (loaded: LoadedConfig) => Workforce): Reloadable {
  const { questions } = workers
  let prepared: LoadedConfig | undefined
  return {
    async prepare(loaded) {
      const asked = workers.serving()
      const answers = await questions.ask('prepare', maxPreparingMs, JSON.stringify([...loaded.texts]))
      prepared = loaded
      const refused = [...answers.values()].find((reason) => reason !== '')
      if (typeof refused === 'string') return refused
      // A worker that has ended meanwhile need not answer: its replacement starts with the new configuration.
      const isSilent = asked.some((worker) => workers.serving().includes(worker) && !answers.has(worker))
      return isSilent ? 'a worker could not prepare it; see its log lines' : undefined
    },
    async putInForce() {
      if (prepared === undefined) return false
      const loaded = prepared
      prepared = undefined
      workers.noteRefusal(undefined)
      // Do this first, so that a worker that starts now begins with the new configuration.
      workers.use(workforceOf(loaded))
      const asked = workers.serving()
      const answers = await questions.ask('put-in-force', maxOtherMs)
      for (const worker of asked) if (answers.get(worker) !== true) workers.renew(worker)
      return true
    },
    async refuse(refusal) {
      prepared = undefined
      workers.noteRefusal(refusal)
      await questions.ask('refuse', maxOtherMs, JSON.stringify(refusal))
    },
  }
}
