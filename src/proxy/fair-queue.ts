export type FairQueue<Item extends { clientKey: string }> = {
  readonly size: number
  push(item: Item): void
  /** The next item: clients take turns, each in its own order. */
  shift(): Item | undefined
  delete(item: Item): boolean
}

/** A queue in which a client with a hundred waiting requests delays another client's one by a single turn. */
export function createFairQueue<Item extends { clientKey: string }>(): FairQueue<Item> {
  // The map's order is the order of turns; a set keeps its order too and forgets an item in constant time.
  const waiting = new Map<string, Set<Item>>()
  let size = 0

  function remove(item: Item): boolean {
    const items = waiting.get(item.clientKey)
    if (!items?.delete(item)) return false
    size -= 1
    if (items.size === 0) waiting.delete(item.clientKey)
    return true
  }

  function endTurn(clientKey: string): void {
    const items = waiting.get(clientKey)
    if (items === undefined) return
    waiting.delete(clientKey)
    waiting.set(clientKey, items)
  }

  return {
    get size() {
      return size
    },
    push(item) {
      const items = waiting.get(item.clientKey)
      if (items === undefined) waiting.set(item.clientKey, new Set([item]))
      else items.add(item)
      size += 1
    },
    shift() {
      const [items] = waiting.values()
      const [item] = items ?? []
      if (item === undefined) return undefined
      remove(item)
      endTurn(item.clientKey)
      return item
    },
    delete: remove,
  }
}
