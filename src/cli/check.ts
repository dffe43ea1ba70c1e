import { Command } from 'commander'
import { stringify } from 'yaml'

import { loadConfig } from '../config/load.ts'
import { printable } from '../config/printable.ts'
import { ConfigError } from '../config/problems/problem.ts'
import { configOption, reportProblems, reportWarnings } from './config-files.ts'
import type { Terminal } from './terminal.ts'

type CheckOptions = { config: string[]; print?: true }

/** `stagedoor check`: every problem of the configuration, or OK; exit code 1 when there is a problem. */
export function checkCommand(terminal: Terminal): Command {
  return new Command('check')
    .description('check the configuration and print every problem at once')
    .addOption(configOption())
    .option('--print', 'print the effective configuration, secrets left out')
    .action(async (options: CheckOptions) => {
      terminal.setExitCode(await check(options, terminal))
    })
}

async function check({ config: files, print }: CheckOptions, { env, folder, out, err }: Terminal): Promise<number> {
  try {
    const { config, warnings } = await loadConfig({ files, env })
    if (warnings.length > 0) err(`${reportWarnings(warnings, folder)}\n`)
    const count = warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`
    out(print === true ? stringify(printable(config)) : `OK${warnings.length > 0 ? `, with ${count}` : ''}\n`)
    return 0
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    err(`${reportProblems(error.problems, folder)}\n`)
    return 1
  }
}
