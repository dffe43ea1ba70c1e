import { readFileIfThere, writeFileAtomically } from '../storage/atomic-file.ts'

/** The last good answer of an issuer, kept over a restart. */
export type KeptJwks = {
  issuer: string
  /** The JWK Set as it was received. */
  jwks: string
  /** Milliseconds since the epoch. */
  fetchedAt: number
}

/** Where last good keys outlive a restart. Failing to keep them is no reason to stop. */
export type JwksStore = {
  read(issuer: string): Promise<KeptJwks | undefined>
  write(kept: KeptJwks): Promise<void>
}

/** Keeps nothing: after a restart the issuer must answer. */
export const forgetfulJwksStore: JwksStore = {
  read: async () => undefined,
  write: async () => undefined,
}

/** One file (0600) for all issuers. Write access to it allows forging tokens. */
export function createFileJwksStore(path: string): JwksStore {
  let writing: Promise<void> = Promise.resolve()

  async function readAll(): Promise<KeptJwks[]> {
    const text = await readFileIfThere(path)
    if (text === undefined) return []
    const kept: unknown = JSON.parse(text)
    return Array.isArray(kept) ? kept.filter(isKept) : []
  }

  async function replace(kept: KeptJwks): Promise<void> {
    const others = (await readAll().catch(() => [])).filter(({ issuer }) => issuer !== kept.issuer)
    await writeFileAtomically(path, JSON.stringify([...others, kept]))
  }

  return {
    read: async (issuer) => (await readAll()).find((kept) => kept.issuer === issuer),
    write(kept) {
      // In turn, so that two issuers do not overwrite each other.
      const next = writing.then(() => replace(kept))
      writing = next.catch(() => undefined)
      return next
    },
  }
}

function isKept(value: unknown): value is KeptJwks {
  const { issuer, jwks, fetchedAt } = (value ?? {}) as Record<string, unknown>
  return typeof issuer === 'string' && typeof jwks === 'string' && Number.isFinite(fetchedAt)
}
