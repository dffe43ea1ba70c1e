/** Long enough for a busy process to collect a hundred items, and shorter than anybody waits for one. */
export const maxWaitMs = 10

/** Most items handled at once. */
const maxHeld = 512

/**
 * Handles items together, where one by one they would each find the processor's caches filled with the request's own work.
 * An exit handles those that are left; a kill loses them.
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
    /** Has the item handled at the end of this turn of the event loop, with all that were collected before. */
    add(item: Item): void {
      hold(item)
      endOfTurn ??= setImmediate(() => {
        endOfTurn = undefined
        flush()
      })
    },
    /** Has the item handled within `maxWaitMs`, so that more come together. */
    addPatiently(item: Item): void {
      hold(item)
      endOfWait ??= setTimeout(() => {
        endOfWait = undefined
        flush()
      }, maxWaitMs)
    },
    /** Handles the collected items at once. */
    flush,
    /** Handles the collected items, and ends the batching. */
    close(): void {
      process.off('exit', flush)
      clearImmediate(endOfTurn)
      clearTimeout(endOfWait)
      flush()
    },
  }
}
