import type { MachineClient } from '../../oidc/client-credentials-grant.ts'
import type { CommandContext } from '../command-context.ts'
import { Command } from '../command.ts'
import { issuerFrom, required, secretFrom } from '../from-environment.ts'
import { runAction } from '../run-action.ts'
import { cacheFileOf, keepToken, keptToken } from './cache.ts'
import { requestToken } from './request.ts'

type FetchOptions = {
  issuer?: string
  clientId?: string
  secretFile?: string
  audience?: string
  scope?: string
  organization?: string
  cache: boolean
}

/** `stagedoor token fetch`: fetches a machine's access token (client credentials), and caches it until shortly before it expires. */
export function fetchCommand(context: CommandContext): Command {
  return new Command('fetch')
    .description(
      'print an access token for a machine (client credentials); the token is kept on disk, because Auth0 meters them',
    )
    .option('--issuer <url>', 'the issuer (AUTH0_ISSUER, or https://AUTH0_DOMAIN/)')
    .option('--client-id <id>', 'the machine’s client id (STAGEDOOR_MACHINE_CLIENT_ID)')
    .option('--secret-file <file>', 'file with the client secret; else STAGEDOOR_MACHINE_CLIENT_SECRET')
    .option('--audience <api>', 'identifier of the API (AUTH0_AUDIENCE)')
    .option('--scope <scopes>', 'scopes, with spaces between them')
    .option('--organization <id>', 'organization to get the token in')
    .option('--no-cache', 'ask for a new token, even if a stored one is valid')
    .action((options: FetchOptions) => runAction(context, () => printToken(options, context)))
}

async function printToken(options: FetchOptions, { env, fetch, now, out, err }: CommandContext): Promise<number> {
  const request = await requestFrom(options, env)
  const { issuer, clientId, clientSecret, audience, scope, organization } = request
  const file = cacheFileOf([issuer, clientId, clientSecret, audience, scope, organization], env)
  const kept = options.cache ? await keptToken(file, now()) : undefined
  if (kept !== undefined) {
    out(`${kept}\n`)
    return 0
  }
  const { token, lifetimeSeconds } = await requestToken(request, fetch)
  out(`${token}\n`)
  const fetched = { token, fetchedAt: now(), expiresAt: now() + lifetimeSeconds * 1000 }
  // A container may have no writable folder. The token is valid all the same.
  await keepToken(file, fetched).catch(({ message }: Error) => err(`The token could not be kept: ${message}\n`))
  return 0
}

async function requestFrom(options: FetchOptions, env: NodeJS.ProcessEnv): Promise<MachineClient> {
  const secret = await secretFrom(options.secretFile, env, 'STAGEDOOR_MACHINE_CLIENT_SECRET')
  const credentials = required(
    {
      issuer: [issuerFrom(options.issuer, env), '--issuer or AUTH0_ISSUER'],
      clientId: [options.clientId ?? env['STAGEDOOR_MACHINE_CLIENT_ID'], '--client-id or STAGEDOOR_MACHINE_CLIENT_ID'],
      clientSecret: [secret?.trim(), '--secret-file or STAGEDOOR_MACHINE_CLIENT_SECRET'],
      audience: [options.audience ?? env['AUTH0_AUDIENCE'], '--audience or AUTH0_AUDIENCE'],
    },
    'stagedoor token fetch',
  )
  return { ...credentials, scope: options.scope, organization: options.organization }
}
