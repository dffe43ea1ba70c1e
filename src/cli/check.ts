import { stringify } from 'yaml'

import { loadConfig } from '../config/load.ts'
import { printable } from '../config/printable.ts'
import { ConfigError } from '../config/problems/problem.ts'
import { checkOnline } from './check-online.ts'
import { Command } from './command.ts'
import { configOption, reportProblems, reportWarnings } from './config-files.ts'
import { printConverted } from './oauth2-proxy/command.ts'
import type { Terminal } from './terminal.ts'
import type { TokenSurroundings } from './token-surroundings.ts'

type CheckOptions = { config: string[]; print?: true; online?: true; fromOauth2Proxy?: string[] }

/** `stagedoor check`: every problem of the configuration, or OK; exit code 1 when there is a problem. */
export function checkCommand(terminal: Terminal, surroundings: TokenSurroundings): Command {
  return new Command('check')
    .description('check the configuration and print every problem at once')
    .addOption(configOption())
    .option('--print', 'print the effective configuration, secrets left out')
    .option('--online', 'ask Auth0 whether it knows issuer, client, secret and audience')
    .option(
      '--from-oauth2-proxy <file...>',
      'print what options of oauth2-proxy are here: a TOML file, flags, or variables; later files win',
    )
    .action(async (options: CheckOptions) => {
      const { fromOauth2Proxy: files } = options
      terminal.setExitCode(
        await (files === undefined ? check(options, terminal, surroundings) : printConverted(files, terminal)),
      )
    })
}

async function check(
  { config: files, print, online }: CheckOptions,
  terminal: Terminal,
  surroundings: TokenSurroundings,
): Promise<number> {
  const { env, folder, out, err } = terminal
  try {
    const { config, warnings } = await loadConfig({ files, env })
    if (warnings.length > 0) err(`${reportWarnings(warnings, folder)}\n`)
    const count = warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`
    out(print === true ? stringify(printable(config)) : `OK${warnings.length > 0 ? `, with ${count}` : ''}\n`)
    return online === true ? await checkOnline(config, terminal, surroundings) : 0
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    err(`${reportProblems(error.problems, folder)}\n`)
    return 1
  }
}
