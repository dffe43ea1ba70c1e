// This folder: `stagedoor token`, which fetches, decodes and verifies access tokens.

import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

import { writeFileAtomically } from '../../storage/atomic-file.ts'

/** A fetched token; times are in milliseconds since the epoch. */
type FetchedToken = { token: string; fetchedAt: number; expiresAt: number }

/** A new token is requested when a tenth of its lifetime is left, so that none expires in transit. */
const freshShare = 0.9

/**
 * The cache file of a token, in `$XDG_CACHE_HOME/stagedoor` or `~/.cache/stagedoor`. Its name is a hash of the whole request
 * including the secret, so that a new secret is used at once.
 */
export function cacheFileOf(request: readonly (string | undefined)[], env: NodeJS.ProcessEnv): string {
  const folder = env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache')
  const name = hash('sha256', JSON.stringify(request), 'base64url')
  return join(folder, 'stagedoor', `token-${name}.json`)
}

/** The cached token, if it is still fresh. Auth0 meters machine tokens, so each one is used as long as possible. */
export async function keptToken(file: string, now: number): Promise<string | undefined> {
  try {
    const { token, fetchedAt, expiresAt } = JSON.parse(await readFile(file, 'utf8')) as FetchedToken
    const isFresh = fetchedAt <= now && now < fetchedAt + (expiresAt - fetchedAt) * freshShare
    return isFresh && typeof token === 'string' ? token : undefined
  } catch {
    return undefined
  }
}

/** Writes a token to a file that only its owner can read (0600). */
export function keepToken(file: string, token: FetchedToken): Promise<void> {
  return writeFileAtomically(file, JSON.stringify(token))
}
