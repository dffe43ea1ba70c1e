import type { KeyRing } from '../../assertion/key-ring.ts'
import type { KeyStore } from '../../assertion/key-store.ts'
import type { Peers } from './peers.ts'

/**
 * One key ring for all workers: whoever comes first makes or reads it, and whoever rotates tells the others.
 * @param name tells rings of different purposes apart
 */
export function sharedKeyStore(peers: Peers | undefined, name: string, inner: KeyStore): KeyStore {
  if (peers === undefined) return inner
  const topic = `keys:${name}`
  return {
    async read() {
      const [ring] = await peers.read(topic)
      return ring === undefined ? inner.read() : (ring as KeyRing)
    },
    async write(ring) {
      await inner.write(ring)
      await peers.tell(topic, 'ring', ring, Number.MAX_SAFE_INTEGER)
    },
    async alone(work) {
      const giveBack = await peers.lock(topic)
      try {
        return await work()
      } finally {
        giveBack()
      }
    },
    onChange: (listener) => peers.hear(topic, (ring) => listener(ring as KeyRing)),
  }
}
