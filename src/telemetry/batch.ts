/** Long enough for a busy process to collect a hundred items, and too short to be noticed. */
export const maxWaitMs = 10

/** The most items that are handled together. */
const maxHeld = 512

/**
 * Handles items in batches. Handled one by one, each would find the processor's caches filled by the work on its request.
 * The remaining items are handled at exit; SIGKILL loses them.
 */
export function createBatch<Item>(handle: (items: readonly Item[]) => void) {
  let held: Item[] = []
  let endOfTurn: NodeJS.Immediate | undefined
  let endOfWait: NodeJS.Timeout | undefined

  function flush(): void {
    if (held.length === 0) return
    const items = held
    held = []
    handle(items)
  }

  function hold(item: Item): void {
    if (held.push(item) === maxHeld) flush()
  }

  process.once('exit', flush)
  return {
    /** Handles the item at the end of this turn of the event loop, with all that were collected before. */
    add(item: Item): void {
      hold(item)
      endOfTurn ??= setImmediate(() => {
        endOfTurn = undefined
        flush()
      })
    },
    /** Handles the item within `maxWaitMs`, so that larger batches form. */
    addPatiently(item: Item): void {
      hold(item)
      endOfWait ??= setTimeout(() => {
        endOfWait = undefined
        flush()
      }, maxWaitMs)
    },
    /** Handles the collected items at once. */
    flush,
    /** Handles the collected items and removes the timers and listeners. */
    close(): void {
      process.off('exit', flush)
      clearImmediate(endOfTurn)
      clearTimeout(endOfWait)
      flush()
    },
  }
}
