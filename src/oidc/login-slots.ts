/**
 * Places for logins in flight, one cookie each. However many tabs a browser opens at once, it never brings more login
 * cookies than there are places.
 */
export const slots = ['0', '1', '2', '3', '4'] as const
export type Slot = (typeof slots)[number]

/** When each login in flight began, in milliseconds; undefined where a slot is free. */
export type Occupied = Partial<Record<Slot, { startedAt: number }>>

/**
 * The slot for one login more: a free one by chance, because tabs that start at once do not see each other's cookies;
 * where none is free, that of the oldest login.
 * @param random a whole number
 */
export function slotFor(inFlight: Occupied, random: number): Slot {
  const free = slots.filter((slot) => inFlight[slot] === undefined)
  const startedAt = (slot: Slot): number => inFlight[slot]?.startedAt ?? 0
  const oldest = slots.reduce((a, b) => (startedAt(b) < startedAt(a) ? b : a))
  return free[random % free.length] ?? oldest
}
