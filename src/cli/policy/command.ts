import { loadPolicy, type PolicyConfig } from '../../config/load-policy.ts'
import type { CommandContext } from '../command-context.ts'
import { Command } from '../command.ts'
import { configOption } from '../config-files.ts'
import { runAction } from '../run-action.ts'
import { explainAs } from './explain.ts'
import { listRules } from './list.ts'
import { testTable } from './test.ts'

/** A sub-command: prints to the terminal and says with which exit code to end. */
type Run<Options> = (config: PolicyConfig, options: Options, ...operands: string[]) => Promise<number>

/** `stagedoor policy`: the rules, tested, explained and listed, without a gateway running. */
export function policyCommand(context: CommandContext): Command {
  const policy = new Command('policy').description('test, explain and list the rules of a configuration')
  policy
    .command('test')
    .description('run a table of expected decisions; exit code 1 when one is not as expected')
    .argument('<file>', 'YAML table: people, and tests of who, method, path, expected decision and reason')
    .addOption(configOption())
    .action(running(context, (config, _options, file) => testTable(config, file ?? '', context)))
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
      running<ExplainOptions>(context, (config, options, method, path) =>
        explainAs(config, { ...options, method: method ?? '', path: path ?? '' }, context),
      ),
    )
  policy
    .command('list')
    .description('show what each rule covers')
    .addOption(configOption())
    .action(running(context, async (config) => listRules(config, context)))
  return policy
}

type ExplainOptions = { as: string; people?: string; host: string }

/** Exit code 2 says that nothing was tested or explained, because the rules or the question could not be read. */
function running<Options>(context: CommandContext, run: Run<Options>) {
  return async (...received: unknown[]): Promise<void> => {
    // Commander hands over the operands, then the options, then the command.
    const options = received.at(-2) as Options & { config: string[] }
    const action = async () => {
      const config = await loadPolicy({ files: options.config, env: context.env })
      return run(config, options, ...(received.slice(0, -2) as string[]))
    }
    await runAction(context, action, 2)
  }
}
