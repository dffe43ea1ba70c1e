// Apart from the client, which takes 20 MiB when it is loaded.

import { hash } from 'node:crypto'

/** A Lua script: what must happen as a whole or not at all. */
export type Script = { source: string; sha1: string }

export function defineScript(source: string): Script {
  return { source, sha1: hash('sha1', source) }
}

/** Gives up a lease or lock, if it is still the owner's. KEYS lease. ARGV owner. */
export const releaseScript = defineScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`)
