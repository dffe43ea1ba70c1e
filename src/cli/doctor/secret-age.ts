import { readFile } from 'node:fs/promises'

import { fingerprint } from '../../config/fingerprints.ts'
import { type Check, type Fault, nothingToAsk } from './check.ts'

const dayMs = 86_400_000
/** The longer a secret is used, the more machines and backups contain it. */
const maxAgeDays = 180

/** The texts that both checks of age share. @param command the command that rotates the old secret */
export const oldSecret = (command: string) =>
  ({
    severity: 'warning',
    meaning: 'Old secrets remain in backups, on old laptops and with people who have left.',
    fix: `${command}; deploy/rotation/ has schedules for CI.`,
  }) as const

/**
 * Checks the age of the client secret by the records of `stagedoor rotate`, because Auth0 stores no date for it.
 * @param auditFile the file that `stagedoor rotate --audit-file` writes
 */
export function secretAgeCheck(auditFile: string): Check {
  return {
    id: 'auth0-secret-age',
    title: `the client secret is younger than ${maxAgeDays} days`,
    ...oldSecret('stagedoor rotate client-secret'),
    async run({ config, now }) {
      const [secret] = config.auth0.clientSecrets
      if (secret === undefined) return nothingToAsk
      const text = await readFile(auditFile, 'utf8').catch(() => undefined)
      if (text === undefined) return unknownAge(`${auditFile} cannot be read`)
      const since = firstMention(text, fingerprint(secret.reveal().trim()))
      if (since === undefined) return unknownAge(`${auditFile} has no record of the secret in use`)
      return ageComplaint('the first of auth0.clientSecrets', since, now())
    },
  }
}

/** The time of the first record that names the secret. Records are in order, so this is when the secret was made. */
function firstMention(text: string, id: string): string | undefined {
  const line = text.split('\n').find((one) => one.includes(`"${id}"`))
  return /"time":"(?<time>[^"]+)"/.exec(line ?? '')?.groups?.['time']
}

export function ageComplaint(what: string, since: string, now: number): string | undefined {
  const days = Math.floor((now - Date.parse(since)) / dayMs)
  return days < maxAgeDays ? undefined : `${what} is ${days} days old`
}

function unknownAge(found: string): Fault {
  return {
    severity: 'info',
    found,
    meaning: 'The age of the secret is unknown: Auth0 does not record it.',
    fix: 'Rotate it with stagedoor rotate client-secret --audit-file <file>, and give the doctor the same file.',
  }
}
