import { defaultConfigFile, type LoadedConfig } from '../config/load.ts'
import { withoutTakenHost } from '../config/needs-restart.ts'
import type { Config } from '../config/schema.ts'
import { readText } from '../config/tree/texts.ts'
import { reload, type ReloadOptions } from './reload.ts'
import { watchFiles } from './watch-files.ts'

/**
 * Reloads the configuration when its files change (`server.reload`), and on SIGHUP.
 * @param loaded the configuration that the process was started with
 * @returns stops watching the files
 */
export function followFiles(loaded: LoadedConfig, options: Omit<ReloadOptions, 'held'>): { stop(): void } {
  const started = loaded.config
  let inForce = started
  /** The settings that stay until a restart, with the current address: the process may have moved to another port since its start. */
  const held = (): Config => ({ ...started, server: { ...started.server, listen: inForce.server.listen } })
  /** Every file that the last reload read or tried to read. */
  let asked = new Set([...filesOf(options), ...loaded.texts.keys()])
  let occasion = 'SIGHUP'

  async function takeUp(): Promise<void> {
    const reading = new Set(filesOf(options))
    const load = {
      ...options.load,
      readText(file: string) {
        reading.add(file)
        return readText(file)
      },
    }
    const read = await reload(occasion, { ...options, load, held: held() })
    asked = reading
    if (read !== undefined) inForce = withoutTakenHost(inForce, read.config)
  }

  const takeUpNext = oneAtATime(takeUp)
  const watch = watchFiles({
    files: () => [...asked, ...certificateFiles(inForce)],
    isOn: () => inForce.server.reload === 'watch',
    async onChange() {
      occasion = 'files have changed'
      takeUpNext()
    },
  })
  async function takeUpOnHangup(): Promise<void> {
    await watch.noteTaken()
    occasion = 'SIGHUP'
    takeUpNext()
  }

  process.on('SIGHUP', oneAtATime(takeUpOnHangup))
  return watch
}

function certificateFiles({ server: { tls } }: Config): string[] {
  return tls === undefined ? [] : [tls.certificate, tls.key]
}

function filesOf({ load: { files } }: Pick<ReloadOptions, 'load'>): readonly string[] {
  return files.length > 0 ? files : [defaultConfigFile()]
}

/**
 * Runs work one at a time. Any number of calls during a run cause one more run afterwards.
 * @param work never rejects
 */
export function oneAtATime(work: () => Promise<void>): () => void {
  let isWorking = false
  let isAskedAgain = false

  async function workOn(): Promise<void> {
    isWorking = true
    do {
      isAskedAgain = false
      await work()
    } while (isAskedAgain)
    isWorking = false
  }

  return () => {
    if (isWorking) isAskedAgain = true
    else void workOn()
  }
}
