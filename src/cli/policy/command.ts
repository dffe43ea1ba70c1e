import { loadPolicy, type PolicyConfig } from '../../config/load-policy.ts'
import { ConfigError } from '../../config/problem.ts'
import { Command } from '../command.ts'
import { configOption, reportProblems } from '../config-files.ts'
import type { Terminal } from '../terminal.ts'
import { explainAs } from './explain.ts'
import { listRules } from './list.ts'
import { PolicyInputError } from './table.ts'
import { testTable } from './test.ts'

/** A sub-command: prints to the terminal and says with which exit code to end. */
type Run<Options> = (config: PolicyConfig, options: Options, ...operands: string[]) => Promise<number>

/** `stagedoor policy`: the rules, tested, explained and listed, without a gateway running. */
export function policyCommand(terminal: Terminal): Command {
  const policy = new Command('policy').description('test, explain and list the rules of a configuration')
  policy
    .command('test')
    .description('run a table of expected decisions; exit code 1 when one is not as expected')
    .argument('<file>', 'YAML table: people, and tests of who, method, path, expected decision and reason')
    .addOption(configOption())
    .action(running(terminal, (config, _options, file) => testTable(config, file ?? '', terminal)))
  policy
    .command('explain')
    .description('print each rule tried, and why it did or did not match')
    .argument('<method>', 'for example GET')
    .argument('<path>', 'for example /api/admin/users')
    .requiredOption('--as <who>', 'anonymous, an e-mail address, a user id, a file with claims, or a name of --people')
    .option('--people <file>', 'YAML table whose people --as may name')
    .option('--host <host>', 'host that is asked', '')
    .addOption(configOption())
    .action(
      running<ExplainOptions>(terminal, (config, options, method, path) =>
        explainAs(config, { ...options, method: method ?? '', path: path ?? '' }, terminal),
      ),
    )
  policy
    .command('list')
    .description('show what each rule covers')
    .addOption(configOption())
    .action(running(terminal, async (config) => listRules(config, terminal)))
  return policy
}

type ExplainOptions = { as: string; people?: string; host: string }

/** Exit code 2 says that nothing was tested or explained, because the rules or the question could not be read. */
function running<Options>({ env, folder, err, setExitCode }: Terminal, run: Run<Options>) {
  return async (...received: unknown[]): Promise<void> => {
    // Commander hands over the operands, then the options, then the command.
    const options = received.at(-2) as Options & { config: string[] }
    try {
      const config = await loadPolicy({ files: options.config, env })
      setExitCode(await run(config, options, ...(received.slice(0, -2) as string[])))
    } catch (error) {
      if (error instanceof ConfigError) err(`${reportProblems(error.problems, folder)}\n`)
      else if (error instanceof PolicyInputError) err(`${error.message}\n`)
      else throw error
      setExitCode(2)
    }
  }
}
