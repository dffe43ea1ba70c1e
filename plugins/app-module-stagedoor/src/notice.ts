/** What the page shows the person about their session. One notice at a time: the most severe. */
export type Notice =
  | { kind: 'ending'; endsAt: number }
  | { kind: 'over'; cause: 'expired' | 'signed-out'; isDismissed: boolean; isPopupBlocked: boolean }
  | { kind: 'step-up'; loginUrl: string | undefined; isPopupBlocked: boolean }
  | { kind: 'other-user'; name: string }

export type Notices = {
  current: () => Notice | undefined
  show: (notice: Notice | undefined) => void
  /** @returns what ends the subscription */
  subscribe: (listener: () => void) => () => void
}

export function createNotices(): Notices {
  const listeners = new Set<() => void>()
  let shown: Notice | undefined
  return {
    current: () => shown,
    show(notice) {
      shown = notice
      for (const listener of listeners) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
