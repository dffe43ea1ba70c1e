import { Node, Yallist } from 'yallist'

/** Where an item waits; only the queue writes it. */
export type Place<Item> = Node<{ readonly item: Item; readonly turn: Turn<Item> }>

/** The waiting requests of one client. */
type Turn<Item> = Node<{ readonly clientKey: string; readonly places: Yallist<Place<Item>['value']> }>

export type FairQueue<Item extends { readonly clientKey: string }> = {
  readonly size: number
  push(item: Item): Place<Item>
  /** The next item: clients take turns, each in its own order. */
  shift(): Item | undefined
  /** Takes out an item that waits. */
  delete(place: Place<Item>): void
}

/**
 * A queue in which a client with a hundred waiting requests delays another client's one by a single turn.
 *
 * Lists and a plain dictionary: under load every request passes through, and a Set or Map would be rebuilt all the time
 * (see open-connections.ts for what that costs).
 */
export function createFairQueue<Item extends { readonly clientKey: string }>(): FairQueue<Item> {
  const turns = new Yallist<Turn<Item>['value']>()
  const turnOf: Record<string, Turn<Item>> = Object.create(null)
  let size = 0

  function turnFor(clientKey: string): Turn<Item> {
    const known = turnOf[clientKey]
    if (known !== undefined) return known
    const turn: Turn<Item> = new Node({ clientKey, places: new Yallist() })
    turns.pushNode(turn)
    return (turnOf[clientKey] = turn)
  }

  function remove(place: Place<Item>): void {
    const { turn } = place.value
    const { clientKey, places } = turn.value
    places.removeNode(place)
    size -= 1
    if (places.length > 0) return
    turns.removeNode(turn)
    delete turnOf[clientKey]
  }

  return {
    get size() {
      return size
    },
    push(item) {
      const turn = turnFor(item.clientKey)
      const place: Place<Item> = new Node({ item, turn })
      turn.value.places.pushNode(place)
      size += 1
      return place
    },
    shift() {
      const place = turns.head?.value.places.head
      if (place === undefined) return undefined
      const { item, turn } = place.value
      remove(place)
      if (turn.list === turns) turns.pushNode(turn)
      return item
    },
    delete: remove,
  }
}
