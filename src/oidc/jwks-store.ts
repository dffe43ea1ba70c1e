import type { ExportedJWKSCache } from 'jose'

import { readFileIfThere, writeFileAtomically } from '../storage/atomic-file.ts'

/** Stores the last good keys of each issuer, so that they survive a restart. A failure to store them does not stop the process. */
export type JwksStore = {
  read(issuer: string): Promise<ExportedJWKSCache | undefined>
  write(issuer: string, kept: ExportedJWKSCache): Promise<void>
}

/** Stores nothing: after a restart the keys must be fetched. */
export const forgetfulJwksStore: JwksStore = {
  read: async () => undefined,
  write: async () => undefined,
}

/** One file (0600) for all issuers. Write access to it allows forging tokens. */
export function createFileJwksStore(path: string): JwksStore {
  let writing: Promise<void> = Promise.resolve()

  async function readAll(): Promise<Map<string, unknown>> {
    const text = await readFileIfThere(path)
    return new Map(Object.entries(JSON.parse(text ?? '{}') as object))
  }

  async function replace(issuer: string, kept: ExportedJWKSCache): Promise<void> {
    const all = await readAll().catch(() => new Map<string, unknown>())
    await writeFileAtomically(path, JSON.stringify(Object.fromEntries(all.set(issuer, kept))))
  }

  return {
    async read(issuer) {
      const kept = (await readAll()).get(issuer)
      return isKept(kept) ? kept : undefined
    },
    write(issuer, kept) {
      // Writes run one after the other, so that two issuers do not overwrite each other.
      const next = writing.then(() => replace(issuer, kept))
      writing = next.catch(() => undefined)
      return next
    },
  }
}

/** Checks only the shape: jose validates the keys before it uses them. */
function isKept(value: unknown): value is ExportedJWKSCache {
  return typeof value === 'object' && value !== null && 'uat' in value && Number.isFinite(value.uat)
}
