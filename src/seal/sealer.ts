import { hash, hkdfSync } from 'node:crypto'

import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose'

/** The content of a sealed value. */
type Opened = {
  payload: unknown
  /** Whether an older key opened the value, which should then be sealed again. */
  isOldKey: boolean
}

/** Encrypts small JSON values for a browser to keep: JWE compact, `dir` with `A256GCM` (RFC 7516, RFC 7518 §4.5, §5.3). */
export type Sealer = {
  seal(payload: unknown): Promise<string>
  /** Undefined for anything that was not sealed with one of our keys for this purpose. */
  open(sealed: string): Promise<Opened | undefined>
}

type Key = { kid: string; bytes: Uint8Array }

/**
 * @param secrets the first one seals, each of them opens; at least 32 characters each
 * @param purpose part of the key derivation (RFC 5869 `info`), so that values of one kind cannot be used as another
 * @param salt a part of the key that another party holds
 */
export function createSealer(secrets: readonly string[], purpose: string, salt = ''): Sealer {
  const keys = secrets.map((secret) => deriveKey(secret, purpose, salt))
  const [sealing] = keys
  if (sealing === undefined) throw new RangeError('a sealer needs at least one secret')
  const encoder = new TextEncoder()
  const decoder = new TextDecoder()

  return {
    seal: (payload) =>
      new CompactEncrypt(encoder.encode(JSON.stringify(payload)))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: sealing.kid })
        .encrypt(sealing.bytes),

    async open(sealed) {
      const key = keys.find(({ kid }) => kid === kidOf(sealed))
      if (key === undefined) return undefined
      try {
        const { plaintext } = await compactDecrypt(sealed, key.bytes, {
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
        })
        return { payload: JSON.parse(decoder.decode(plaintext)), isOldKey: key !== sealing }
      } catch {
        return undefined
      }
    },
  }
}

function deriveKey(secret: string, purpose: string, salt: string): Key {
  const bytes = new Uint8Array(hkdfSync('sha256', secret, salt, `stagedoor ${purpose}`, 32))
  return { kid: hash('sha256', bytes, 'base64url').slice(0, 8), bytes }
}

function kidOf(sealed: string): unknown {
  try {
    return decodeProtectedHeader(sealed).kid
  } catch {
    return undefined
  }
}
