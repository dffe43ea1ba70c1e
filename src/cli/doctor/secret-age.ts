import { readFile } from 'node:fs/promises'

import { fingerprint } from '../../config/fingerprints.ts'
import { type Check, type Finding, nothingToAsk, type Scene } from './finding.ts'

const dayMs = 86_400_000
/** Older secrets have been on more machines, and in more backups, than anybody remembers. */
const maxAgeDays = 180

/**
 * How long the client secret has been in use, by the records of `stagedoor rotate`: Auth0 keeps no date of it.
 * @param auditFile what `--audit-file` of `stagedoor rotate` names
 */
export function secretAgeCheck(auditFile: string): Check {
  return {
    id: 'auth0-secret-age',
    title: `the client secret is younger than ${maxAgeDays} days`,
    async run(scene) {
      const [secret] = scene.config.auth0.clientSecrets
      if (secret === undefined) return nothingToAsk
      const text = await readFile(auditFile, 'utf8').catch(() => undefined)
      if (text === undefined) return [unknownAge(`${auditFile} cannot be read`)]
      const since = firstMention(text, fingerprint(secret.reveal().trim()))
      return since === undefined ? [unknownAge(`${auditFile} has no record of the secret in use`)] : judge(since, scene)
    },
  }
}

/** Records are in order: the first that names the secret is of the moment it was made. */
function firstMention(text: string, id: string): number | undefined {
  const line = text.split('\n').find((one) => one.includes(`"${id}"`))
  const time = /"time":"(?<time>[^"]+)"/.exec(line ?? '')?.groups?.['time']
  return time === undefined ? undefined : Date.parse(time)
}

function judge(since: number, scene: Scene): Finding[] {
  const days = Math.floor((scene.now() - since) / dayMs)
  return days < maxAgeDays ? [] : [old('the first of auth0.clientSecrets', days, 'stagedoor rotate client-secret')]
}

/** The same for the public keys of `auth0.privateKeys`, whose dates Auth0 keeps. */
export function judgeCredentialAge(
  credentials: readonly { name?: string; created_at?: string }[],
  now: number,
): Finding[] {
  return credentials.flatMap(({ name = 'a credential', created_at: createdAt }) => {
    const days = createdAt === undefined ? 0 : Math.floor((now - Date.parse(createdAt)) / dayMs)
    return days < maxAgeDays ? [] : [old(`the credential ${name}`, days, 'stagedoor rotate private-key-jwt')]
  })
}

function old(what: string, days: number, command: string): Finding {
  return {
    severity: 'warning',
    found: `${what} is ${days} days old`,
    meaning: 'Old secrets are in old backups, in old laptops and in the heads of people who have left.',
    fix: `${command}; deploy/rotation/ has schedules for CI.`,
  }
}

function unknownAge(found: string): Finding {
  return {
    severity: 'info',
    found,
    meaning: 'Nobody can tell how old the secret is: Auth0 keeps no date of it.',
    fix: 'Rotate it by stagedoor rotate client-secret with --audit-file, and give the doctor the same file.',
  }
}
