import { packageVersion } from '../config/load.ts'
import { keysCommand } from './admin/keys.ts'
import { sessionsCommand } from './admin/sessions.ts'
import { auditCommand } from './audit/command.ts'
import { checkCommand } from './check.ts'
import type { CommandContext } from './command-context.ts'
import { Command } from './command.ts'
import { completionCommand } from './completion.ts'
import { doctorCommand } from './doctor/command.ts'
import { policyCommand } from './policy/command.ts'
import { rotateCommand } from './rotate/command.ts'
import { setupCommand } from './setup/command.ts'
import { startCommand, type Start } from './start.ts'
import { tokenCommand } from './token/command.ts'

/** The command line of `stagedoor`. Each command has its own file. */
export function createProgram(context: CommandContext, start: Start): Command {
  const program = new Command('stagedoor')
    .description('The identity-aware gateway in front of Backstage')
    .version(packageVersion(), '-V, --version', 'print the version')
    .showSuggestionAfterError()
  const commands = [
    startCommand(context, start),
    setupCommand(context),
    checkCommand(context),
    doctorCommand(context),
    policyCommand(context),
    tokenCommand(context),
    rotateCommand(context),
    keysCommand(context),
    sessionsCommand(context),
    auditCommand(context),
    completionCommand(context),
  ]
  for (const command of commands) program.addCommand(command.copyInheritedSettings(program))
  return program
}
