import { loadPolicy, type PolicyConfig } from '../../config/load-policy.ts'
import type { CommandContext } from '../command-context.ts'
import { Command } from '../command.ts'
import { configOption } from '../config-files.ts'
import { runAction } from '../run-action.ts'
import { explainAs } from './explain.ts'
import { listRules } from './list.ts'
import { testTable } from './test.ts'

type Options = { config: string[] }
type ExplainOptions = Options & { as: string; people?: string; host?: string }

/** `stagedoor policy`: tests, explains and lists the rules. Needs no running gateway. */
export function policyCommand(context: CommandContext): Command {
  /** Exit code 2 means that nothing was tested or explained, because the rules or the arguments could not be read. */
  const withRules = ({ config: files }: Options, run: (rules: PolicyConfig) => Promise<number>) =>
    runAction(context, async () => run(await loadPolicy({ files, env: context.env })), 2)

  const policy = new Command('policy').description('test, explain and list the rules of a configuration')
  policy
    .command('test')
    .description('run a table of expected decisions; exit code 1 when one is not as expected')
    .argument('<file>', 'YAML table: people, and tests of who, method, path, expected decision and reason')
    .addOption(configOption())
    .action((file: string, options: Options) => withRules(options, (rules) => testTable(rules, file, context)))
  policy
    .command('explain')
    .description('print each rule that was tried, and why it matched or not')
    .argument('<method>', 'for example GET')
    .argument('<path>', 'for example /api/admin/users')
    .requiredOption('--as <who>', 'anonymous, an e-mail address, a user id, a file with claims, or a name of --people')
    .option('--people <file>', 'YAML table whose people --as may name')
    .option('--host <host>', 'host that is asked')
    .addOption(configOption())
    .action((method: string, path: string, options: ExplainOptions) =>
      withRules(options, (rules) => explainAs(rules, { ...options, method, path }, context)),
    )
  policy
    .command('list')
    .description('show what each rule covers')
    .addOption(configOption())
    .action((options: Options) => withRules(options, async (rules) => listRules(rules, context)))
  return policy
}
