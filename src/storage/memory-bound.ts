/**
 * Bounds an LRU cache by the number of its entries, and has its memory grow with them. `max` would reserve all of it
 * when the cache is made: for 100,000 entries 1.6 MB and 8 ms of every start.
 */
export const upTo = (maxEntries: number) => ({ maxSize: maxEntries, sizeCalculation: () => 1 })
