import { ConfigError } from '../config/problem.ts'
import type { CommandContext } from './command-context.ts'
import { Command } from './command.ts'
import { configOption, reportProblems } from './config-files.ts'

/** Starts the gateway and resolves when it listens. */
export type Start = (options: { files: string[]; env: NodeJS.ProcessEnv }) => Promise<void>

/** `stagedoor start`: runs the gateway until SIGTERM or SIGINT; exit code 1 when it cannot start. */
export function startCommand(context: CommandContext, start: Start): Command {
  return new Command('start')
    .description('run the gateway')
    .addOption(configOption())
    .action(async ({ config: files }: { config: string[] }) => {
      try {
        await start({ files, env: context.env })
      } catch (error) {
        context.err(`${explain(error, context.folder)}\n`)
        context.setExitCode(1)
      }
    })
}

function explain(error: unknown, folder: string): string {
  if (error instanceof ConfigError) return reportProblems(error.problems, folder)
  return `Stagedoor cannot start: ${systemReason(error)}`
}

const portRemedy = 'Ports below 1024 need a privilege: choose a higher server.listen.port.'
const fileRemedy = 'Let the user that runs stagedoor use it: look at owner and mode, also of its folder.'

function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE')
    return `${error.message}. Another process has this port: stop it, or change server.listen.port or server.admin.port.`
  if (code === 'EACCES') {
    const isPort = 'port' in error && Number(error.port) > 0
    return `${error.message}. ${isPort ? portRemedy : fileRemedy}`
  }
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return `${error.message}. The disk or quota is full: free some space, or name a file on another disk.`
  return error.stack ?? error.message
}
