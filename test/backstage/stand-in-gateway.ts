import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Test } from 'tap'

import { assertionHeader } from '../../packages/assertion-contract/src/index.ts'
import type {
  StagedoorTestKit,
  StagedoorTestKitOptions,
  TestClaims,
} from '../../plugins/backstage-test-kit/src/types.ts'
import { ensureBackstage, exampleDirectory } from '../../scripts/backstage-setup.ts'
import { startBackstage, type BackstageOptions } from '../../scripts/backstage-start.ts'

/** Stagedoor's public address in these tests. Nothing listens there. */
export const issuer = 'http://stagedoor.localhost'
export const jane = 'auth0|64f1c0ffee0000000000a001'
export const max = 'auth0|64f1c0ffee0000000000a002'

type TestKitModule = { createStagedoorTestKit: (options?: StagedoorTestKitOptions) => Promise<StagedoorTestKit> }

/** The test kit as delivered. The first call installs and builds Backstage. */
export async function startTestKit(t: Test): Promise<StagedoorTestKit> {
  t.setTimeout(900_000)
  await ensureBackstage({ log: (line) => t.comment(line) })
  const load = createRequire(import.meta.url)
  const module = load(join(exampleDirectory, 'node_modules/@stagedoor/backstage-test-kit')) as TestKitModule
  const kit = await module.createStagedoorTestKit({ issuer })
  t.teardown(() => kit.close())
  return kit
}

export type Answer = { status: number; body: { error?: { message: string }; backstageIdentity?: Identity } }
type Identity = { token: string; identity: { userEntityRef: string } }

export type Resolver = {
  resolver: string
  nameFrom?: string
  ownershipFrom?: string[]
  allowedDomains?: string[]
  dangerouslyAllowSignInWithoutUserInCatalog?: boolean
}

/** A real Backstage that trusts the test kit and signs people in with `resolvers`. */
export async function startTrustingBackstage(
  t: Test,
  kit: StagedoorTestKit,
  resolvers: readonly Resolver[],
  options: { config?: object } & Pick<BackstageOptions, 'auth0' | 'log'> = {},
) {
  const { config = {}, ...others } = options
  const signIn = { auth: { providers: { stagedoor: { signIn: { resolvers } } } } }
  const configFiles = [await writeConfig(t, signIn), await writeConfig(t, config)]
  const backstage = await startBackstage({ gatewayBaseUrl: issuer, jwksUri: kit.jwksUri, configFiles, ...others })
  t.teardown(() => backstage.close())

  async function refresh(...assertions: string[]): Promise<Answer> {
    const headers = new Headers(assertions.map((assertion): [string, string] => [assertionHeader, assertion]))
    const response = await fetch(`${backstage.url}/api/auth/stagedoor/refresh`, { headers })
    return { status: response.status, body: JSON.parse(await response.text()) }
  }
  /** Calls Backstage's API as the person of that answer. */
  async function call({ body }: Answer, path: string, init: RequestInit = {}) {
    const headers = { authorization: `Bearer ${body.backstageIdentity?.token}`, 'content-type': 'application/json' }
    const response = await fetch(`${backstage.url}${path}`, { ...init, headers })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
  return {
    url: backstage.url,
    refresh,
    call,
    /** The entity refs that Backstage says this person owns. */
    ownedBy: async (answer: Answer): Promise<string[]> => (await call(answer, '/api/auth/v1/userinfo')).body.claims.ent,
    signIn: async (claims: TestClaims = {}) => refresh(await kit.sign({ sub: jane, ...claims })),
  }
}

export function userOf({ body }: Answer): string | undefined {
  return body.backstageIdentity?.identity.userEntityRef
}

async function writeConfig(t: Test, config: object): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'stagedoor-backstage-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const file = join(directory, 'app-config.test.yaml')
  await writeFile(file, JSON.stringify(config))
  return file
}
