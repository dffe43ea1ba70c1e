// Separate from the client, which takes 20 MiB of memory when it is loaded.

import { hash } from 'node:crypto'

/** A Lua script, for changes that must be atomic. */
export type Script = { source: string; sha1: string }

export function defineScript(source: string): Script {
  return { source, sha1: hash('sha1', source) }
}

/** Releases a lease or lock, if the owner still holds it. KEYS lease. ARGV owner. */
export const releaseScript = defineScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`)
