import { Argument } from 'commander'

import { Command } from '../command.ts'
import type { Terminal } from '../terminal.ts'
import { completionScript, type Shell, shells, placesIn } from './scripts.ts'

/** `stagedoor completion`: a script with which a shell completes commands and options. */
export function completionCommand({ out }: Terminal): Command {
  const command = new Command('completion')
    .description('print a script that completes commands and options in your shell')
    .addArgument(new Argument('<shell>', 'your shell').choices(shells))
    .addHelpText('after', '\nbash: eval "$(stagedoor completion bash)"; fish: stagedoor completion fish | source')
  return command.action((shell: Shell) => {
    if (command.parent !== null) out(completionScript(shell, placesIn(command.parent)))
  })
}
