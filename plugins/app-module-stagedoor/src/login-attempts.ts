const windowMs = 60_000
const maxInWindow = 3
const key = 'stagedoor.login-attempts'

/** What is used of the browser's `Storage`. */
export type AttemptStore = {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

/** Ends the circle in which a page sends to login, login sends back, and the page is still not signed in. */
export type LoginAttempts = {
  /** Whether the page may go to login by itself once more; counts the attempt. */
  mayLeave(): boolean
  /** Signing in worked. */
  forget(): void
}

/** @param store - `sessionStorage`, which outlives navigations of one tab */
export function createLoginAttempts(store: AttemptStore, now: () => number): LoginAttempts {
  return {
    mayLeave() {
      const recent = readTimes(store).filter((time) => now() - time < windowMs)
      if (recent.length >= maxInWindow) return false
      store.setItem(key, JSON.stringify([...recent, now()]))
      return true
    },
    forget: () => store.removeItem(key),
  }
}

function readTimes(store: AttemptStore): number[] {
  try {
    const times: unknown = JSON.parse(store.getItem(key) ?? '[]')
    return Array.isArray(times) ? times.filter((time) => typeof time === 'number') : []
  } catch {
    return []
  }
}
