import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Test } from 'tap'

import { type LocalAuth0, startLocalAuth0 } from '../../../auth0/local/server.ts'
import { createSendJson } from '../../../src/cli/json-client.ts'
import { probeSecret } from '../../../src/cli/secret-probe.ts'
import { fingerprint } from '../../../src/config/fingerprints.ts'
import { type Run, runCommand } from '../../support/command.ts'
import { startOrigin } from '../../support/origin.ts'

export async function temporaryFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-rotate-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The admin listener of a replica that uses the secrets of these files, in order. */
export async function startFileReplica(t: Test, option: string, files: readonly string[]): Promise<string> {
  const origin = await startOrigin(t, (_request, response) => {
    void Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => ''))).then((texts) => {
      const held = texts.filter((text) => text !== '').map((text) => fingerprint(text.trim()))
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ processes: [{ [option]: held }] }))
    })
  })
  return origin.url
}

export type RotationStack = {
  auth0: LocalAuth0
  folder: string
  file: string
  stateFile: string
  auditFile: string
  replica: string
  env: NodeJS.ProcessEnv
  /** Arguments of `stagedoor`: `rotate client-secret` with its options for this stack. */
  command(...more: string[]): string[]
  /** Runs the rotation. */
  rotate(...more: string[]): Promise<Run>
  /** Auth0's answer to a secret. */
  probe(secret: string): Promise<string>
  held(): Promise<{ current: string; next: string }>
  records(): Promise<{ step: string; outcome: string; course: string }[]>
}

/** A local Auth0, a secret in a file, and a replica that follows the file. */
export async function startRotationStack(t: Test): Promise<RotationStack> {
  const auth0 = await startLocalAuth0()
  t.teardown(() => auth0.close())
  const folder = await temporaryFolder(t)
  const file = join(folder, 'auth0')
  await writeFile(file, auth0.clientSecret)
  const replica = await startFileReplica(t, 'auth0.clientSecrets', [file, `${file}.next`])
  const [stateFile, auditFile] = [join(folder, 'state.json'), join(folder, 'audit.jsonl')]
  const env = {
    AUTH0_ISSUER: auth0.issuer,
    AUTH0_CLIENT_ID: auth0.clientId,
    STAGEDOOR_MANAGEMENT_CLIENT_ID: auth0.management.clientId,
    STAGEDOOR_MANAGEMENT_CLIENT_SECRET: auth0.management.clientSecret,
  }
  const application = { issuer: auth0.issuer, clientId: auth0.clientId, kind: 'client-secret' } as const
  const common = ['--to', `file:${file}`, '--state', stateFile, '--audit-file', auditFile, '--settle', '0']
  const command = (...more: string[]) => ['rotate', 'client-secret', ...common, '--replica', replica, ...more]
  return {
    auth0,
    folder,
    file,
    stateFile,
    auditFile,
    replica,
    env,
    command,
    rotate: (...more) => runCommand(command(...more), { env }),
    probe: async (secret) => (await probeSecret(application, secret, createSendJson(fetch))).verdict,
    async held() {
      const current = await readFile(file, 'utf8')
      return { current, next: await readFile(`${file}.next`, 'utf8').catch(() => current) }
    },
    async records() {
      const text = await readFile(auditFile, 'utf8').catch(() => '')
      return text.split('\n').flatMap((line) => {
        if (line === '') return []
        const { event, change } = JSON.parse(line)
        if (event !== 'secret') return []
        const [course = '', step = '', outcome = ''] = change.action.split(/:? /)
        return [{ course, step, outcome }]
      })
    },
  }
}
