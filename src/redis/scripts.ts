import { createHash } from 'node:crypto'

/** A Lua script: what must happen as a whole or not at all. */
export type Script = { source: string; sha1: string }

export function defineScript(source: string): Script {
  return { source, sha1: createHash('sha1').update(source).digest('hex') }
}

/** Sends one command to the server. */
export type SendCommand = (command: string[]) => Promise<unknown>

/** Runs a script by its hash; sends it in full when the server does not have it yet, e.g. after a restart. */
export async function runScript(
  send: SendCommand,
  { source, sha1 }: Script,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  const tail = [String(keys.length), ...keys, ...args]
  try {
    return await send(['EVALSHA', sha1, ...tail])
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return send(['EVAL', source, ...tail])
  }
}
