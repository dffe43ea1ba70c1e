/**
 * Limits an LRU cache to a number of entries, while its memory grows with the entries. `max` would reserve all memory when the
 * cache is created: for 100,000 entries 1.6 MB, and 8 ms at every start.
 */
export const upTo = (maxEntries: number) => ({ maxSize: maxEntries, sizeCalculation: () => 1 })
