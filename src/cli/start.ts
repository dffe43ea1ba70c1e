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

function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? error.code : undefined
  const isPort = 'port' in error && Number(error.port) > 0
  const remedy = remedies.get(code === 'EACCES' && !isPort ? 'EACCES of a file' : code)
  return remedy === undefined ? (error.stack ?? error.message) : `${error.message}. ${remedy}`
}

const diskIsFull = 'The disk or quota is full: free some space, or name a file on another disk.'

const remedies = new Map<unknown, string>([
  ['EADDRINUSE', 'Another process has this port: stop it, or change server.listen.port or server.admin.port.'],
  ['EADDRNOTAVAIL', 'This machine does not have this address: change server.listen.host or server.admin.host.'],
  [
    'ENOTFOUND',
    'The host name does not resolve on this machine: write an address into server.listen.host or server.admin.host.',
  ],
  ['EACCES', 'Ports below 1024 need a privilege: choose a higher server.listen.port.'],
  [
    'EACCES of a file',
    'The user that runs stagedoor may not use it: check owner and mode of the file and its folder, which has to exist.',
  ],
  ['EISDIR', 'The path is a folder: name a file.'],
  ['EROFS', 'The file system is read-only: name a file on a writable volume.'],
  ['ENOSPC', diskIsFull],
  ['EDQUOT', diskIsFull],
])
