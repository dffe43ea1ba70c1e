import { loadConfig } from '../../config/load.ts'
import { createFetch } from '../../process/outgoing-fetch.ts'
import type { CommandContext } from '../command-context.ts'
import { Command } from '../command.ts'
import { configOption } from '../config-files.ts'
import { runAction } from '../run-action.ts'
import { accessChecks } from './access-checks.ts'
import { applicationChecks, limitCheck } from './application-checks.ts'
import { auth0Checks } from './auth0-checks.ts'
import { backstageChecks } from './backstage-checks.ts'
import { createScene, runChecks } from './finding.ts'
import { gatewayChecks } from './gateway-checks.ts'
import { logoutChecks } from './logout-checks.ts'
import { managementChecks } from './management-checks.ts'
import { exitCodeOf, reportJson, reportText } from './report.ts'
import { secretAgeCheck } from './secret-age.ts'
import { tlsChecks } from './tls-checks.ts'

const noToken =
  '--management needs a token in STAGEDOOR_MANAGEMENT_TOKEN: ' +
  'Auth0 → Applications → APIs → Auth0 Management API → API Explorer. It lives a day.\n'

type DoctorOptions = { config: string[]; json?: true; management?: true; auditFile?: string; skip: string[] }

/** `stagedoor doctor`: checks a configuration against the living world. */
export function doctorCommand(context: CommandContext): Command {
  return new Command('doctor')
    .description(
      'check the configuration against Auth0, Backstage, Redis and the network, and say what mends it; exit code 0 all well, 1 warnings, 2 errors',
    )
    .addOption(configOption())
    .option(
      '--management',
      'read the settings at Auth0, too (a token in STAGEDOOR_MANAGEMENT_TOKEN; its permissions: docs/doctor.md)',
    )
    .option('--audit-file <file>', 'the records of stagedoor rotate, which tell how old the client secret is')
    .option('--json', 'findings as JSON')
    .option('--skip <checks...>', 'checks to leave out, by id or by its beginning', [])
    .action((options: DoctorOptions) => runAction(context, () => examine(options, context), 2))
}

async function examine(options: DoctorOptions, { env, out, err, fetch, now }: CommandContext) {
  const { config } = await loadConfig({ files: options.config, env })
  const { ca } = config.auth0.tls ?? {}
  const token = env['STAGEDOOR_MANAGEMENT_TOKEN']
  if (options.management && !token) {
    err(noToken)
    return 2
  }
  const checks = [
    ...gatewayChecks,
    ...auth0Checks,
    ...(options.management && token ? managementChecks(token) : []),
    ...backstageChecks,
    ...applicationChecks,
    ...logoutChecks,
    ...accessChecks,
    ...tlsChecks,
    ...(options.auditFile === undefined ? [] : [secretAgeCheck(options.auditFile)]),
    limitCheck,
  ].filter(({ id }) => !options.skip.some((skipped) => id.startsWith(skipped)))
  const results = await runChecks(
    checks,
    createScene({ config, env, now, fetch: ca === undefined ? fetch : await createFetch(env, ca) }),
  )
  const isColoured = process.stdout.isTTY && !env['NO_COLOR']
  out(options.json ? reportJson(results) : reportText(results, isColoured))
  return exitCodeOf(results)
}
