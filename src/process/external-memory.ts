import { setFlagsFromString } from 'node:v8'

/**
 * Has what is forwarded not force collections of everything. By default V8 starts a full collection each time that 64 MiB
 * more lie outside of its heap, which are 6 bodies of 10 MiB, and marks the whole heap, which bodies have nothing to do
 * with. With this flag they count towards the heap's own limit, and go with the young objects that hold them.
 */
export function collectBuffersYoung(): void {
  setFlagsFromString('--external-memory-accounted-in-global-limit')
}
