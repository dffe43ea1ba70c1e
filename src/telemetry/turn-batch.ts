/** Collects items during one turn of the event loop, and handles them together at its end. */
export type TurnBatch<Item> = {
  add(item: Item): void
  /** Handles the collected items at once. */
  flush(): void
  /** Handles the collected items, and ends the batching. */
  close(): void
}

/** Most items handled at once; a turn that collects more handles them before its end. */
const maxHeld = 512

/**
 * Handles items together, where one by one they would each find the processor's caches filled with the request's own work.
 * They are handled before a client can see the events that they describe, and at an exit; a kill loses those of one turn.
 */
export function createTurnBatch<Item>(handle: (items: readonly Item[]) => void): TurnBatch<Item> {
  let held: Item[] = []
  let isDue = false

  function flush(): void {
    if (held.length === 0) return
    const items = held
    held = []
    handle(items)
  }

  function endTurn(): void {
    isDue = false
    flush()
  }

  process.once('exit', flush)
  return {
    add(item) {
      held.push(item)
      if (held.length === maxHeld) return flush()
      if (isDue) return
      isDue = true
      setImmediate(endTurn)
    },
    flush,
    close() {
      process.off('exit', flush)
      flush()
    },
  }
}
