import { readFile } from 'node:fs/promises'

import type { CommandContext } from '../command-context.ts'
import type { Command } from '../command.ts'
import { sendJson } from '../json-client.ts'
import { CommandFailed, runAction } from '../run-action.ts'

/** Where the admin API is, and the token for it. */
export type ConnectionOptions = { url?: string; prefix: string; tokenFile?: string }
export type ApiOptions = ConnectionOptions & { json?: true }

export function withApiOptions(command: Command): Command {
  return withConnectionOptions(command).option('--json', 'what the API answers, as it is')
}

export function withConnectionOptions(command: Command): Command {
  return command
    .option('--url <url>', 'where Stagedoor is (STAGEDOOR_BASE_URL)')
    .option('--prefix <path>', 'server.prefix', '/.stagedoor')
    .option('--token-file <file>', 'file with an access token that admin.allow lets in; else STAGEDOOR_TOKEN')
}

/**
 * Asks the admin API with the access token of a machine, as `stagedoor token fetch` gets one.
 * @throws CommandFailed
 */
export async function askAdmin(
  path: string,
  body: object | undefined,
  options: ConnectionOptions,
  { env, fetch }: CommandContext,
): Promise<Record<string, unknown>> {
  const base = options.url ?? env['STAGEDOOR_BASE_URL']
  if (!base) throw new CommandFailed('Say where Stagedoor is: --url or STAGEDOOR_BASE_URL.')
  const token = await tokenFrom(options.tokenFile, env)
  const { status, body: answer } = await sendJson(fetch, `${base.replace(/\/$/, '')}${options.prefix}/admin/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}` },
    body,
  })
  if (status === 200) return answer
  const said = [answer['title'], answer['detail']].filter((text) => typeof text === 'string').join(' ')
  throw new CommandFailed(`Stagedoor answers ${status}: ${said || 'no reason given; look at --url and --prefix'}`)
}

// Never an option of its own: every user of the machine can read command lines.
async function tokenFrom(file: string | undefined, env: NodeJS.ProcessEnv): Promise<string> {
  const text = file === undefined ? env['STAGEDOOR_TOKEN'] : await readFile(file, 'utf8').catch(() => undefined)
  if (!text) throw new CommandFailed('No access token: set STAGEDOOR_TOKEN, or give --token-file.')
  return text.trim()
}

/** Prints the answer to one question. */
export async function answering(context: CommandContext, answer: () => Promise<string>): Promise<void> {
  await runAction(context, async () => {
    context.out(await answer())
    return 0
  })
}

/** Columns as wide as their widest cell. Control characters of clients do not reach the terminal. */
export function table(rows: readonly (readonly string[])[]): string {
  const printable = rows.map((row) => row.map((cell) => cell.replaceAll(/\p{C}/gu, '·')))
  const widths = (printable[0] ?? []).map((_, column) => Math.max(...printable.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  return printable.map((row) => `${line(row).trimEnd()}\n`).join('')
}
