import { hash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

import { readText } from '../config/tree/texts.ts'

type WatchOptions = {
  /** Paths, absolute or relative to the working directory. */
  files: () => Iterable<string>
  isOn: () => boolean
  /** Between two looks, ms. */
  everyMs?: number
  /** Called when the files differ from what they were when they were last taken up. */
  onChange: () => Promise<void>
}

/** A digest of each file's content. */
type Look = ReadonlyMap<string, string>

/**
 * Looks at what stands in files. That needs no help of the file system, and so works for links that Kubernetes exchanges, for
 * files that are replaced, over a network, and however many watches the system allows. Files that are being written count
 * once two looks have found the same.
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
      // No known file has changed; this takes in files that the last reading named for the first time.
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
    /** The files as they are now count as taken up: they are about to be read. */
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

/** Whether a file that both looks have read had another content in each. */
function differs(one: Look, other: Look): boolean {
  return [...one].some(([file, digest]) => (other.get(file) ?? digest) !== digest)
}
