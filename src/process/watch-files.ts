import { hash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

import { readText } from '../config/tree/texts.ts'

type WatchOptions = {
  /** Paths, absolute or relative to the working directory. */
  files: () => Iterable<string>
  isOn: () => boolean
  /** Time between two checks, ms. */
  everyMs?: number
  /** Called when the files differ from those that were last loaded. */
  onChange: () => Promise<void>
}

/** A digest of each file's content. */
type Look = ReadonlyMap<string, string>

/**
 * Polls the content of files. It does not rely on file system events, so it works for links that Kubernetes replaces, for replaced
 * files, over a network, and when the system's limit for watches is reached. A change counts once two checks in a row have found
 * the same content, so that files are not read while they are being written.
 */
export function watchFiles({ files, isOn, everyMs = 1_000, onChange }: WatchOptions) {
  const stopping = new AbortController()
  let taken: Look = new Map()
  let latest: Look = new Map()

  async function look(): Promise<void> {
    const found = await lookAt(files())
    const isSettled = !differs(found, latest)
    latest = found
    if (!differs(found, taken)) {
      // No known file has changed. This adds files that the last reload read for the first time.
      taken = found
    } else if (isSettled) {
      taken = found
      await onChange()
    }
  }

  async function run(): Promise<void> {
    taken = latest = await lookAt(files())
    while (!stopping.signal.aborted) {
      await delay(everyMs, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined)
      if (!stopping.signal.aborted && isOn()) await look()
    }
  }

  void run()
  return {
    /** Marks the files as loaded in their present state. Call it just before they are read. */
    async noteTaken(): Promise<void> {
      taken = await lookAt(files())
    },
    stop: () => stopping.abort(),
  }
}

async function lookAt(files: Iterable<string>): Promise<Look> {
  const digestOf = async (file: string) => [file, hash('sha256', JSON.stringify(await readText(file)))] as const
  return new Map(await Promise.all([...new Set(files)].map(digestOf)))
}

/** Whether a file that both checks have read has changed between them. */
function differs(one: Look, other: Look): boolean {
  return [...one].some(([file, digest]) => (other.get(file) ?? digest) !== digest)
}
