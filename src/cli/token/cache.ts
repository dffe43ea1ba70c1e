import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

import { writeFileAtomically } from '../../storage/atomic-file.ts'

/** A fetched token; `expiresAt` in milliseconds since the epoch. */
export type FetchedToken = { token: string; fetchedAt: number; expiresAt: number }

/** A new token is requested when a tenth of its lifetime is left, so that none expires in transit. */
const freshShare = 0.9

/** Identifies a token request. The secret is part of it, so that a new secret is tried at once. */
export function cacheKeyOf(parts: readonly (string | undefined)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
}

/** Where tokens are kept: `$XDG_CACHE_HOME/stagedoor`, or `~/.cache/stagedoor`. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'stagedoor')
}

/** The kept token while it is fresh; tokens of machines are metered, so that each one is used as long as it goes. */
export async function keptToken(folder: string, key: string, now: number): Promise<FetchedToken | undefined> {
  const text = await readFile(fileOf(folder, key), 'utf8').catch(() => '')
  const kept = parse(text)
  if (kept === undefined || kept.fetchedAt > now) return undefined
  return now < kept.fetchedAt + (kept.expiresAt - kept.fetchedAt) * freshShare ? kept : undefined
}

/** Keeps a token in a file that only its owner may read (0600). */
export function keepToken(folder: string, key: string, token: FetchedToken): Promise<void> {
  return writeFileAtomically(fileOf(folder, key), JSON.stringify(token))
}

function fileOf(folder: string, key: string): string {
  return join(folder, `token-${key}.json`)
}

function parse(text: string): FetchedToken | undefined {
  try {
    const kept = JSON.parse(text) as FetchedToken
    return typeof kept.token === 'string' && Number.isFinite(kept.expiresAt - kept.fetchedAt) ? kept : undefined
  } catch {
    return undefined
  }
}
