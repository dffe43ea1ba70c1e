/** A worker's wish for a lock; `grant` tells it that the turn has come. */
type Wish = { worker: number; grant: () => void }

/** Locks by name, in order of asking; those of a worker that is gone go on to the next. */
export type Locks = {
  lock(worker: number, name: string, grant: () => void): void
  unlock(worker: number, name: string): void
  leave(worker: number): void
  readonly size: number
}

export function createLocks(): Locks {
  /** The first of each list holds the lock. */
  const wishes = new Map<string, Wish[]>()

  function remove(name: string, list: Wish[], isGone: (wish: Wish, index: number) => boolean): void {
    const holder = list[0]
    const left = list.filter((wish, index) => !isGone(wish, index))
    if (left.length === 0) wishes.delete(name)
    else wishes.set(name, left)
    if (left[0] !== undefined && left[0] !== holder) left[0].grant()
  }

  return {
    get size() {
      return wishes.size
    },
    lock(worker, name, grant) {
      const list = wishes.get(name)
      if (list !== undefined) {
        list.push({ worker, grant })
        return
      }
      wishes.set(name, [{ worker, grant }])
      grant()
    },
    unlock(worker, name) {
      const list = wishes.get(name)
      if (list?.[0]?.worker === worker) remove(name, list, (_wish, index) => index === 0)
    },
    leave(worker) {
      for (const [name, list] of wishes) remove(name, list, (wish) => wish.worker === worker)
    },
  }
}
