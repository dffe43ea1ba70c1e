import { LRUCache } from 'lru-cache'
import t from 'tap'

import { upTo } from '../../src/storage/memory-bound.ts'

t.test('beyond the limit the least recently used entry is dropped', async (t) => {
  const cache = new LRUCache<string, number>(upTo(3))
  for (const name of ['a', 'b', 'c']) cache.set(name, 1)
  cache.get('a')
  cache.set('d', 1)
  t.same([...cache.keys()].toSorted(), ['a', 'c', 'd'])
})

t.test('any number of additions keeps at most the limit of entries, and new ones replace old ones', async (t) => {
  const cache = new LRUCache<number, string>(upTo(1_000))
  for (let i = 0; i < 5_000; i++) cache.set(i, 'x')
  t.equal(cache.size, 1_000)
  t.same([cache.has(3_999), cache.has(4_000)], [false, true])
})
