import { isLoopback, withSlash } from '../../config/values/addresses.ts'
import type { CommandContext } from '../command-context.ts'
import { issuerFrom, required } from '../from-environment.ts'
import { createSendJson } from '../json-client.ts'
import { CommandFailed } from '../run-action.ts'
import type { Wish } from './wanted.ts'

export type SetupOptions = {
  issuer?: string
  baseUrl?: string
  audience?: string
  clientId?: string
  backstageUrl?: string
  events: boolean
  backchannelLogout?: boolean
  print?: true
  apply?: true
  secrets?: string
}

/** Reads the wanted setup from options, environment and tenant. @throws CommandFailed when a required value is missing or invalid */
export async function wishFrom(
  options: SetupOptions,
  { env, fetch }: CommandContext,
): Promise<{ issuer: string; wish: Wish }> {
  const given = required(
    {
      issuer: [issuerFrom(options.issuer, env), '--issuer or AUTH0_ISSUER'],
      baseUrl: [options.baseUrl ?? env['STAGEDOOR_BASE_URL'], '--base-url or STAGEDOOR_BASE_URL'],
    },
    'stagedoor setup auth0',
  )
  const issuer = withSlash(given.issuer)
  const baseUrl = checkedBaseUrl(given.baseUrl)
  const wish: Wish = {
    baseUrl,
    audience: (options.audience ?? env['AUTH0_AUDIENCE']) || `${baseUrl}/api`,
    managementAudience: env['STAGEDOOR_MANAGEMENT_AUDIENCE'] || `${issuer}api/v2/`,
    hasBackchannelLogout:
      options.backchannelLogout ?? (await canHaveBackchannelLogout(issuer, baseUrl, options, fetch)),
    withEvents: options.events,
  }
  return { issuer, wish }
}

/** Whether the gateway is not local, and discovery shows that the tenant has the feature. False with `--print`, which sends no requests. */
async function canHaveBackchannelLogout(
  issuer: string,
  baseUrl: string,
  { print }: SetupOptions,
  fetch: CommandContext['fetch'],
): Promise<boolean> {
  if (print === true || isLoopback(new URL(baseUrl))) return false
  const { body } = await createSendJson(fetch)(`${issuer}.well-known/openid-configuration`)
  return body['backchannel_logout_supported'] === true
}

/** @throws CommandFailed for a base URL that the gateway would refuse */
function checkedBaseUrl(given: string): string {
  const text = given.replace(/\/$/, '')
  const url = URL.parse(text)
  if (url === null || url.origin !== text) {
    throw new CommandFailed(
      `${text} is not a base URL: write scheme and host only, for example https://portal.example.com`,
    )
  }
  if (url.protocol === 'http:' && !isLoopback(url)) {
    throw new CommandFailed(`${text} is plain http, which is accepted for localhost only: write https://${url.host}`)
  }
  return text
}
