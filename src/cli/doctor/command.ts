import { Option } from 'commander'

import { loadConfig } from '../../config/load.ts'
import type { CommandContext } from '../command-context.ts'
import { Command } from '../command.ts'
import { configOption } from '../config-files.ts'
import { CommandFailed, runAction } from '../run-action.ts'
import { backstageChecks } from './backstage-checks.ts'
import { claimsCheck } from './claims-check.ts'
import { credentialChecks } from './credential-checks.ts'
import { discoveryChecks } from './discovery-checks.ts'
import { eventsCheck } from './events-check.ts'
import { gatewayChecks } from './gateway-checks.ts'
import { loginRequestChecks } from './login-request-checks.ts'
import { logoutChecks } from './logout-checks.ts'
import { managementChecks } from './management-checks.ts'
import { rateLimitCheck } from './rate-limit-check.ts'
import { runAndReport } from './report.ts'
import { secretAgeCheck } from './secret-age.ts'
import { tlsChecks } from './tls-checks.ts'

const noToken =
  '--management needs a token in STAGEDOOR_MANAGEMENT_TOKEN: ' +
  'Auth0 → Applications → APIs → Auth0 Management API → API Explorer. It is valid for a day'

type DoctorOptions = { config: string[]; json?: true; management?: true; auditFile?: string; skip: string[] }

/** `stagedoor doctor`: checks a configuration against the services that it names. */
export function doctorCommand(context: CommandContext): Command {
  return new Command('doctor')
    .description(
      'check the configuration against Auth0, Backstage, Redis and the network, and print how to fix each fault; exit code 0 without faults, 1 with warnings, 2 with errors',
    )
    .addOption(configOption())
    .option(
      '--management',
      'read the settings at Auth0, too (a token in STAGEDOOR_MANAGEMENT_TOKEN; its permissions: docs/doctor.md)',
    )
    .option(
      '--audit-file <file>',
      'the file with the records of stagedoor rotate, which show the age of the client secret',
    )
    .option('--json', 'findings as JSON')
    .addOption(new Option('--skip <checks...>', 'checks to leave out, by id or by its beginning').default([], 'none'))
    .action((options: DoctorOptions) => runAction(context, () => examine(options, context), 2))
}

async function examine({ config: files, json, management, auditFile, skip }: DoctorOptions, context: CommandContext) {
  const { config } = await loadConfig({ files, env: context.env })
  if (management && !context.env['STAGEDOOR_MANAGEMENT_TOKEN']) throw new CommandFailed(noToken)
  const ageCheck = secretAgeCheck(auditFile ?? '')
  const all = [
    ...gatewayChecks,
    ...discoveryChecks,
    ...managementChecks,
    ...backstageChecks,
    ...loginRequestChecks,
    ...credentialChecks,
    ...logoutChecks,
    claimsCheck,
    eventsCheck,
    ...tlsChecks,
    ageCheck,
    rateLimitCheck,
  ]
  const unknown = skip.filter((name) => !all.some(({ id }) => id.startsWith(name)))
  if (unknown.length > 0)
    throw new CommandFailed(`--skip: no check begins with ${unknown.join(', ')}; --json lists the checks that ran`)
  const notAsked = [...(management ? [] : managementChecks), ...(auditFile === undefined ? [ageCheck] : [])]
  const checks = all.filter((check) => !notAsked.includes(check) && !skip.some((name) => check.id.startsWith(name)))
  return runAndReport(checks, config, context, json)
}
