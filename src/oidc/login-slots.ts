/**
 * Slots for logins in flight, one cookie each. They limit the login cookies of a browser, however many tabs it opens at once.
 */
export const slots = ['0', '1', '2', '3', '4'] as const
export type Slot = (typeof slots)[number]

/** When each login in flight began, in milliseconds; undefined for a free slot. */
export type Occupied = Partial<Record<Slot, { startedAt: number }>>

/**
 * Chooses the slot for a new login: a random free one, because tabs that start at the same time do not see each other's cookies.
 * If none is free, it replaces the oldest login.
 * @param random a whole number
 */
export function slotFor(inFlight: Occupied, random: number): Slot {
  const free = slots.filter((slot) => inFlight[slot] === undefined)
  const startedAt = (slot: Slot): number => inFlight[slot]?.startedAt ?? 0
  const oldest = slots.reduce((a, b) => (startedAt(b) < startedAt(a) ? b : a))
  return free[random % free.length] ?? oldest
}
