/** Collects items during one turn of the event loop, and handles them together at its end. */
export type TurnBatch<Item> = {
  add(item: Item): void
  /** Handles the collected items, and ends the batching. */
  close(): void
}

/** So many are handled at once at most; a turn that brings more handles them in between. */
const maxHeld = 512

/**
 * Handles items together, where one by one they would each find the processor's caches filled with the request's own work.
 * An item that cannot be handled is left out, and the others are handled.
 * They are handled before any client can have seen what they tell of, and at an exit too; a kill may cost those of a turn.
 */
export function createTurnBatch<Item>(
  handle: (item: Item) => void,
  onFailure: (error: unknown) => void,
): TurnBatch<Item> {
  let held: Item[] = []
  let isDue = false

  function flush(): void {
    isDue = false
    const items = held
    held = []
    for (const item of items) handleOne(item)
  }

  function handleOne(item: Item): void {
    try {
      handle(item)
    } catch (error) {
      onFailure(error)
    }
  }

  process.once('exit', flush)
  return {
    add(item) {
      held.push(item)
      if (held.length === maxHeld) return flush()
      if (isDue) return
      isDue = true
      setImmediate(flush)
    },
    close() {
      process.off('exit', flush)
      flush()
    },
  }
}
