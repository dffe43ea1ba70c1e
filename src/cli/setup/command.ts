import type { CommandContext } from '../command-context.ts'
import { Command } from '../command.ts'
import { createExpect, type Expect, managementHelp } from '../management-api.ts'
import { CommandFailed, runAction } from '../run-action.ts'
import { type Applied, applyPlan } from './apply.ts'
import { findInTenant, type Found } from './found.ts'
import { type SetupOptions, wishFrom } from './options.ts'
import { hasKeys, planOf } from './plan.ts'
import { clicks, describe, gatewayYaml } from './report.ts'
import { placesIn, prepareFolder, writeSecrets } from './secrets.ts'
import { type Wanted, wantedTenant, type Wish } from './wanted.ts'

/** `stagedoor setup auth0`: creates what Stagedoor needs in an Auth0 tenant, or prints instructions. */
export function setupCommand(context: CommandContext): Command {
  const auth0 = new Command('auth0')
    .description(
      'show what an Auth0 tenant lacks for Stagedoor, create it (--apply), or print the steps in the dashboard (--print)',
    )
    .option('--issuer <url>', 'the issuer (AUTH0_ISSUER, or https://AUTH0_DOMAIN/)')
    .option('--base-url <url>', 'the address that people type (STAGEDOOR_BASE_URL)')
    .option('--audience <identifier>', 'identifier of the API (AUTH0_AUDIENCE; default: <base-url>/api)')
    .option('--client-id <id>', 'an application to change, instead of one named “Stagedoor” (AUTH0_CLIENT_ID)')
    .option('--backstage-url <url>', 'where Backstage listens (BACKSTAGE_URL; default: http://127.0.0.1:7007)')
    .option('--no-events', 'leave out the application that reads Auth0’s events')
    .option('--backchannel-logout', 'set back-channel logout (Enterprise) even if discovery does not offer it')
    .option('--print', 'print the steps in the dashboard, without a request to Auth0')
    .option('--apply', 'make the changes; without it, the command only shows them')
    .option('--secrets <folder>', 'with --apply: write each secret to a file of this folder (0600)')
    .addHelpText('after', managementHelp)
    .action((options: SetupOptions) => runAction(context, () => setUp(options, context)))
  return new Command('setup').description('prepare the login service; see docs/getting-started.md').addCommand(auth0)
}

async function setUp(options: SetupOptions, context: CommandContext): Promise<number> {
  const { env, out, fetch } = context
  const { issuer, wish } = await wishFrom(options, context)
  const wanted = await wantedTenant(wish)
  if (options.print) {
    out(clicks(wanted))
    return 0
  }
  return setUpByApi(options, { issuer, wish, wanted, expect: createExpect(issuer, env, fetch) }, context)
}

type Tenant = { issuer: string; wish: Wish; wanted: Wanted; expect: Expect }

/** Progress goes to stderr; only the configuration goes to stdout. */
async function setUpByApi(options: SetupOptions, tenant: Tenant, context: CommandContext): Promise<number> {
  const { issuer, wanted, expect } = tenant
  const { env, err } = context
  const clientId = (options.clientId ?? env['AUTH0_CLIENT_ID']) || undefined
  const found = await findInTenant(expect, wanted, clientId)
  if (clientId !== undefined && found.web === undefined) {
    throw new CommandFailed(`${issuer} has no application ${clientId}`)
  }
  const plan = planOf(wanted, found)
  if (found.action?.isOurs === false) {
    err(`The Action “${wanted.action.name}” has other code; it is not changed.\n`)
  }
  if (hasKeys(found.web)) {
    err(
      'The application authenticates with private keys, which are not changed: write auth0.privateKeys in place of auth0.clientSecrets.\n',
    )
  }
  if (plan.length === 0) err('Auth0 has all that Stagedoor needs.\n')
  if (plan.length > 0 && options.apply !== true) {
    err(`Changes that --apply makes at ${issuer}:\n${plan.map(describe).join('')}Nothing was changed.\n`)
    return 0
  }
  // Auth0 shows the secrets only once, so the folder for them is prepared before any change.
  if (options.apply && options.secrets !== undefined) await prepareFolder(options.secrets)
  if (plan.length > 0) err(`At ${issuer}:\n`)
  const applied: Applied = {}
  try {
    const progress = { applied, eventsId: found.events?.id }
    await applyPlan(plan, expect, progress, (change) => err(`  done: ${change.title}\n`))
  } finally {
    // Runs after a failure, too, to save the secrets of applications created before it.
    await keepSecrets(options, { found, applied }, context)
  }
  showConfiguration(options, tenant, { found, applied }, context)
  return 0
}

const secretsOfYours = (withEvents: boolean): string => `The configuration takes secrets from the environment:
  AUTH0_CLIENT_SECRET${withEvents ? ', AUTH0_EVENTS_CLIENT_SECRET' : ''}: Applications → the application → Settings → Client Secret
  STAGEDOOR_SESSION_SECRET: openssl rand -base64 48
Or run again with --apply --secrets <folder>, which writes them to files.
`

type Present = { found: Found; applied: Applied }

async function keepSecrets(options: SetupOptions, present: Present, { err }: CommandContext): Promise<void> {
  const folder = folderOf(options)
  if (folder === undefined) return
  const secrets = { client: secretOf('web', present), events: secretOf('events', present) }
  const written = await writeSecrets(folder, secrets)
  if (written.length > 0) err(`Secrets were written, readable by their owner only: ${written.join(', ')}\n`)
}

function showConfiguration(
  options: SetupOptions,
  { issuer, wish, wanted }: Tenant,
  { found, applied }: Present,
  { env, out, err }: CommandContext,
): void {
  const folder = folderOf(options)
  if (folder === undefined) err(secretsOfYours(wanted.events !== undefined))
  else if (secretOf('web', { found, applied }) === undefined)
    err('Auth0 does not show the client secret: the token lacks read:client_keys.\n')
  const backstageUrl = (options.backstageUrl ?? env['BACKSTAGE_URL']) || 'http://127.0.0.1:7007'
  const idOf = (what: 'web' | 'events') => applied[what]?.clientId ?? found[what]?.id
  const ids = { web: idOf('web'), events: wanted.events && idOf('events') }
  out(gatewayYaml({ ...wish, issuer, backstageUrl }, ids, placesIn(folder)))
}

const folderOf = ({ apply, secrets }: SetupOptions) => (apply ? secrets : undefined)

function secretOf(what: 'web' | 'events', { found, applied }: Present): string | undefined {
  return applied[what]?.clientSecret ?? shownSecret(found[what])
}

function shownSecret(client: Record<string, unknown> | undefined): string | undefined {
  const secret = client?.['client_secret']
  return typeof secret === 'string' ? secret : undefined
}
