// This folder: `stagedoor sessions` and `stagedoor keys`, which ask a running gateway by its admin API.

import type { CommandContext } from '../command-context.ts'
import type { Command } from '../command.ts'
import { required, secretFrom } from '../from-environment.ts'
import { sendJson } from '../json-client.ts'
import { CommandFailed, runAction } from '../run-action.ts'

/** The address of the admin API, and the access token for it. */
export type ConnectionOptions = { url?: string; prefix: string; tokenFile?: string }
export type ApiOptions = ConnectionOptions & { json?: true }

export function withApiOptions(command: Command): Command {
  return withConnectionOptions(command).option('--json', 'print the API’s answer unchanged')
}

/** @param occasion prefix for the help texts that says when these options apply */
export function withConnectionOptions(command: Command, occasion = ''): Command {
  return command
    .option('--url <url>', `${occasion}where Stagedoor is (STAGEDOOR_BASE_URL)`)
    .option('--prefix <path>', `${occasion}path of Stagedoor’s own endpoints (server.prefix)`, '/.stagedoor')
    .option(
      '--token-file <file>',
      `${occasion}file with an access token that admin.allow accepts; else STAGEDOOR_TOKEN`,
    )
}

/**
 * Calls the admin API with a machine's access token, as fetched by `stagedoor token fetch`.
 * @throws CommandFailed
 */
export async function askAdmin(
  path: string,
  body: object | undefined,
  options: ConnectionOptions,
  { env, fetch }: CommandContext,
): Promise<Record<string, unknown>> {
  const { base, token } = required({
    base: [options.url ?? env['STAGEDOOR_BASE_URL'], '--url or STAGEDOOR_BASE_URL (where Stagedoor is)'],
    token: [
      await secretFrom(options.tokenFile, env, 'STAGEDOOR_TOKEN'),
      '--token-file or STAGEDOOR_TOKEN (an access token that admin.allow accepts)',
    ],
  })
  const { status, body: answer } = await sendJson(fetch, `${base.replace(/\/$/, '')}${options.prefix}/admin/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token.trim()}` },
    body,
  })
  if (status === 200) return answer
  const said = [answer['title'], answer['detail']].filter((text) => typeof text === 'string').join(' ')
  throw new CommandFailed(`Stagedoor answers ${status}: ${said || 'no reason given; check --url and --prefix'}`)
}

/** Runs one request and prints its answer. */
export async function printAnswer(context: CommandContext, answer: () => Promise<string>): Promise<void> {
  await runAction(context, async () => {
    context.out(await answer())
    return 0
  })
}
