import { Option } from 'commander'
import { stringify } from 'yaml'

import { printable } from '../config/effective.ts'
import { configDigest } from '../config/fingerprints.ts'
import { loadConfig } from '../config/load.ts'
import { counted } from '../config/values/quantities.ts'
import { withConnectionOptions } from './admin/api.ts'
import { type DiffOptions, diffText } from './check-diff.ts'
import type { CommandContext } from './command-context.ts'
import { Command } from './command.ts'
import { configOption, reportWarnings } from './config-files.ts'
import { credentialChecks } from './doctor/credential-checks.ts'
import { discoveryChecks } from './doctor/discovery-checks.ts'
import { loginRequestChecks } from './doctor/login-request-checks.ts'
import { runAndReport } from './doctor/report.ts'
import { printConverted } from './oauth2-proxy/command.ts'
import { runAction } from './run-action.ts'

type CheckOptions = DiffOptions & {
  config: string[]
  print?: true
  diff?: true
  online?: true
  fromOauth2Proxy?: string[]
}

/** `stagedoor check`: prints every problem of the configuration, or OK. Exit code 1 when there is a problem. */
export function checkCommand(context: CommandContext): Command {
  const command = new Command('check')
    .description('check the configuration and print every problem at once')
    .addOption(configOption())
    .option('--print', 'print the effective configuration, secrets left out')
    .addOption(
      new Option('--diff', 'print each option that changes, and whether it needs a restart').conflicts('print'),
    )
    .addOption(againstOption())
    .option('--online', 'check at Auth0 the issuer, client, secret or key, and audience')
    .option(
      '--from-oauth2-proxy <file...>',
      'convert options of oauth2-proxy: a TOML file, flags, or variables; later files win',
    )
  return withConnectionOptions(command, 'with --diff: ').action((options: CheckOptions) => {
    const { fromOauth2Proxy: files } = options
    return runAction(context, () => (files === undefined ? check(options, context) : printConverted(files, context)))
  })
}

function againstOption(): Option {
  return new Option(
    '--against <file>',
    'with --diff: file of the former configuration; default: the configuration in force at --url',
  )
    .argParser((file: string, files: string[]) => [...files, file])
    .default([], 'the running gateway')
    .implies({ diff: true })
}

async function check({ config: files, print, diff, online, ...options }: CheckOptions, context: CommandContext) {
  const { env, folder, out, err } = context
  const { config, warnings } = await loadConfig({ files, env })
  if (warnings.length > 0) err(`${reportWarnings(warnings, folder)}\n`)
  if (print) out(`# Digest, as in the audit trail: ${configDigest(config)}\n${stringify(printable(config))}`)
  else if (diff) out(await diffText(config, options, context))
  else out(`OK${withCount(warnings.length)}\n`)
  if (!online) return 0
  const checks = [...discoveryChecks, ...loginRequestChecks, ...credentialChecks].filter(({ id }) => asked.has(id))
  return (await runAndReport(checks, config, context)) === 2 ? 1 : 0
}

function withCount(warnings: number): string {
  return warnings === 0 ? '' : `, with ${counted(warnings, 'warning')}`
}

/** The checks for `--online`. They ask Auth0 about the issuer, the client, its secret or key, and the audience. */
const asked = new Set([
  'auth0-discovery',
  'auth0-issuer',
  'auth0-keys',
  'auth0-callback',
  'auth0-client-secret',
  'auth0-private-key',
])
