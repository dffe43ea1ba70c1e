import type { Config } from '../config/schema.ts'
import { createFetch } from '../process/outgoing-fetch.ts'
import { applicationChecks } from './doctor/application-checks.ts'
import { auth0Checks } from './doctor/auth0-checks.ts'
import { createScene, runChecks } from './doctor/finding.ts'
import { exitCodeOf, reportText } from './doctor/report.ts'
import type { Terminal } from './terminal.ts'
import type { TokenSurroundings } from './token-surroundings.ts'

/** What a configuration alone cannot tell: whether Auth0 knows the issuer, the client, its secret and the audience. */
const asked = new Set(['auth0-discovery', 'auth0-issuer', 'auth0-keys', 'auth0-callback', 'auth0-client-secret'])

/** Asks Auth0 about a configuration that is well formed. @returns the exit code: 1 where something would not work */
export async function checkOnline(
  config: Config,
  { env, out }: Terminal,
  { fetch, now }: TokenSurroundings,
): Promise<number> {
  const { ca } = config.auth0.tls ?? {}
  const scene = createScene({ config, env, now, fetch: ca === undefined ? fetch : await createFetch(env, ca) })
  const checks = [...auth0Checks, ...applicationChecks].filter(({ id }) => asked.has(id))
  const results = await runChecks(checks, scene)
  out(reportText(results, process.stdout.isTTY && !env['NO_COLOR']))
  return exitCodeOf(results) === 2 ? 1 : 0
}
