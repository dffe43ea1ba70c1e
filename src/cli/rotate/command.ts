import { appendFile } from 'node:fs/promises'

import { fingerprint } from '../../config/fingerprints.ts'
import { withSlash } from '../../config/values/addresses.ts'
import type { CommandContext } from '../command-context.ts'
import { Command } from '../command.ts'
import { issuerFrom, required, secretFrom } from '../from-environment.ts'
import { createSendJson } from '../json-client.ts'
import { createExpect } from '../management-api.ts'
import { CommandFailed, runAction } from '../run-action.ts'
import type { Auth0Application } from './acceptance.ts'
import { clientSecretRotation, privateKeyRotation, sessionSecretRotation } from './auth0-rotations.ts'
import { beginRotation, type Wish } from './begin.ts'
import { type Auth0Options, type RotateOptions, withAuth0Options, withRotateOptions } from './options.ts'
import { createRecorder } from './record.ts'
import { whoLacks } from './replicas.ts'
import type { Rotation } from './rotation.ts'
import { runRotation } from './run.ts'
import { createStateFile, takeLock } from './state-file.ts'
import type { RotationState } from './step-order.ts'
import { parseTarget } from './targets/parse.ts'

const pollMs = 1_000

/** `stagedoor rotate`: replaces a secret in all places without failed requests. */
export function rotateCommand(context: CommandContext): Command {
  const application = (options: Auth0Options): Auth0Application => {
    const { env, fetch } = context
    const { limit, settle } = options
    if (limit < settle) {
      throw new CommandFailed(
        `--limit ${limit} is shorter than --settle ${settle}: give --limit more time than --settle`,
      )
    }
    const { issuer, clientId } = required({
      issuer: [issuerFrom(options.issuer, env), '--issuer or AUTH0_ISSUER'],
      clientId: [options.clientId ?? env['AUTH0_CLIENT_ID'], '--client-id or AUTH0_CLIENT_ID'],
    })
    return {
      issuer: withSlash(issuer),
      clientId,
      expect: createExpect(withSlash(issuer), env, fetch),
      send: createSendJson(fetch),
      settleMs: settle * 1000,
      patience: { everyMs: pollMs, limitMs: limit * 1000 },
    }
  }
  const action =
    <Options extends RotateOptions>(rotationOf: (options: Options) => Rotation) =>
    (options: Options) =>
      runAction(context, () => rotate(options, () => rotationOf(options), context))

  return new Command('rotate')
    .description('replace a secret everywhere, without losing a request; see docs/rotation.md')
    .addCommand(
      withAuth0Options(new Command('client-secret'))
        .description('the secret of the application at Auth0')
        .action(action<Auth0Options>((options) => clientSecretRotation(application(options)))),
    )
    .addCommand(
      withAuth0Options(new Command('private-key-jwt'))
        .description('the key that authenticates the application at Auth0 (Private Key JWT, Enterprise)')
        .action(action<Auth0Options>((options) => privateKeyRotation(application(options)))),
    )
    .addCommand(
      withRotateOptions(new Command('session-secret'))
        .description('the secret that seals sessions')
        .action(action<RotateOptions>(() => sessionSecretRotation())),
    )
}

async function rotate(options: RotateOptions, rotationOf: () => Rotation, context: CommandContext): Promise<number> {
  const release = await takeLock(`${options.state}.lock`)
  try {
    return await rotateAlone(options, rotationOf(), context)
  } finally {
    await release()
  }
}

async function rotateAlone(
  options: RotateOptions,
  rotation: Rotation,
  { env, out, err, fetch, now }: CommandContext,
): Promise<number> {
  if (options.to.length === 0)
    throw new CommandFailed(
      '--to is missing: name each place that holds the secret, for example --to file:/run/secrets/auth0',
    )
  const mustWait = options.wait && options.emergency !== true
  if (mustWait && options.replica.length === 0)
    throw new CommandFailed(
      '--replica is missing: name the replicas to wait for, for example --replica http://stagedoor-admin:9464; or use --no-wait',
    )
  const isTerminal = process.stdout.isTTY
  const targets = options.to.map((to) => parseTarget(to, { env, fetch, out, isTerminal }))
  // Fails before any change if the file cannot be written.
  if (options.auditFile !== undefined) await appendFile(options.auditFile, '', { mode: 0o600 })
  const stateFile = createStateFile(options.state)
  const wish = {
    mode: modeOf(options),
    isEmergency: options.emergency === true,
    currentSecret: await secretFrom(options.currentSecretFile, env, 'STAGEDOOR_CURRENT_SECRET'),
    startedAt: new Date(now()).toISOString(),
  } as const
  const begun = await beginRotation(wish, { rotation, targets, stateFile })
  const ended = await runRotation(begun, {
    rotation,
    targets,
    stateFile,
    whoLacks: async (expected) => (options.wait ? whoLacks(options.replica, expected, createSendJson(fetch)) : []),
    patience: { everyMs: pollMs, limitMs: options.limit * 1000 },
    recorder: createRecorder({ file: options.auditFile, now, err }),
  })
  // If secrets go to standard output, the report goes to standard error.
  const report = options.to.includes('stdout') ? err : out
  report(`${JSON.stringify({ ...reportOf(ended), endedAt: new Date(now()).toISOString(), targets: options.to })}\n`)
  return ended.course === 'planned' || ended.course === 'emergency' || options.revert === true ? 0 : 1
}

function modeOf({ resume, revert, continue: isContinued }: RotateOptions): Wish['mode'] {
  if (resume) return 'resume'
  if (revert) return 'revert'
  return isContinued ? 'continue' : 'begin'
}

const outcomes = { planned: 'rotated', emergency: 'rotated', revert: 'reverted', abandon: 'abandoned' } as const

function reportOf({ kind, subject, course, startedAt, oldSecret, newSecret }: RotationState) {
  const secrets = { old: fingerprint(oldSecret.trim()), new: fingerprint(newSecret.trim()) }
  return { rotation: kind, subject, outcome: outcomes[course], ...secrets, startedAt }
}
