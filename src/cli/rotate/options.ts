import { InvalidArgumentError, Option } from 'commander'

import { parseWebUrl } from '../../config/values/addresses.ts'
import type { Command } from '../command.ts'
import { managementHelp } from '../management-api.ts'
import { targetForms } from './targets/parse.ts'

/** Options of every rotation. */
export type RotateOptions = {
  to: string[]
  replica: string[]
  wait: boolean
  state: string
  auditFile?: string
  resume?: true
  continue?: true
  revert?: true
  emergency?: true
  currentSecretFile?: string
  limit: number
}

/** Additional options of rotations at Auth0. */
export type Auth0Options = RotateOptions & { issuer?: string; clientId?: string; settle: number }

const seconds = (text: string): number => {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It is a number of seconds, for example 600.')
  return Number(text)
}
const listed = (text: string, all: string[]): string[] => [...all, text]
const listedUrl = (text: string, all: string[]): string[] => {
  if (parseWebUrl(text) !== undefined) return [...all, text]
  throw new InvalidArgumentError('It is a URL, for example http://stagedoor-admin:9464.')
}

export function withRotateOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--to <target>', `place that holds the secret, repeatable: ${targetForms}`)
        .argParser(listed)
        .default([], 'none'),
    )
    .addOption(
      new Option('--replica <url>', 'admin listener of a replica, repeatable; a host name stands for all its addresses')
        .argParser(listedUrl)
        .default([], 'none'),
    )
    .option('--no-wait', 'do not wait for replicas (danger: logins fail at a replica that lacks the new secret)')
    .option(
      '--state <file>',
      'file that stores the progress of the rotation and both secrets (0600)',
      '.stagedoor-rotation.json',
    )
    .option('--audit-file <file>', 'file to which a record of every step is appended')
    .option(
      '--current-secret-file <file>',
      'file with the current secret, for when no target can be read; else STAGEDOOR_CURRENT_SECRET',
    )
    .addOption(new Option('--limit <seconds>', 'how long each step may wait').argParser(seconds).default(600))
    .addOption(new Option('--resume', 'continue an interrupted rotation').conflicts(['revert', 'emergency']))
    .addOption(new Option('--revert', 'bring the old secret back').conflicts(['resume', 'emergency']))
    .addOption(
      new Option('--continue', 'continue an interrupted rotation, or begin one').conflicts(['resume', 'revert']),
    )
    .option('--emergency', 'the secret leaked: invalidate the old one at once, even if replicas still use it')
}

export function withAuth0Options(command: Command): Command {
  return withRotateOptions(command)
    .option('--issuer <url>', 'the issuer (AUTH0_ISSUER, or https://AUTH0_DOMAIN/)')
    .option('--client-id <id>', 'the application whose secret is rotated (AUTH0_CLIENT_ID)')
    .addOption(
      new Option('--settle <seconds>', 'how long Auth0’s answers must stay the same before the rotation goes on')
        .argParser(seconds)
        .default(30),
    )
    .addHelpText('after', managementHelp)
}
