import { randomUUID } from 'node:crypto'

import {
  assertionHeader,
  assertionType,
  defaultAssertionAudience,
  maxAssertionLifetimeSeconds,
} from '@stagedoor/assertion-contract'

import { startKeyServer } from './key-server.ts'
import { createTestKey } from './key.ts'
import type { StagedoorTestKit, StagedoorTestKitOptions, TestClaims } from './types.ts'

/** Starts a kit; call its `close` when the test is over. @public */
export async function createStagedoorTestKit(options: StagedoorTestKitOptions = {}): Promise<StagedoorTestKit> {
  const { issuer = 'http://stagedoor.test', audience = defaultAssertionAudience, nowMs = Date.now } = options
  let key = await createTestKey()
  const { jwksUri, close } = await startKeyServer(() => [key.publicJwk])

  function claims(changes: TestClaims = {}): Record<string, unknown> {
    const nowSeconds = Math.floor(nowMs() / 1000)
    const all = {
      iss: issuer,
      aud: audience,
      sub: 'auth0|test-user',
      iat: nowSeconds,
      exp: nowSeconds + maxAssertionLifetimeSeconds,
      jti: randomUUID(),
      sid: 'test-session',
      kind: 'user',
      ...changes,
    }
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
  }

  const kit: StagedoorTestKit = {
    issuer,
    audience,
    jwksUri,
    providerConfig: { issuer, audience, jwksUri },
    publicJwk: () => key.publicJwk,
    claims,
    sign: async (changes, header) => key.sign(claims(changes), { typ: assertionType, ...header }),
    headers: async (changes) => ({ [assertionHeader]: await kit.sign(changes) }),
    async rotateKey() {
      key = await createTestKey()
    },
    close,
  }
  return kit
}
