import { readFile } from 'node:fs/promises'

import { fingerprint } from '../../config/fingerprints.ts'
import { type Check, type Fault, nothingToAsk } from './check.ts'

const dayMs = 86_400_000
/** Older secrets have been on more machines, and in more backups, than anybody remembers. */
const maxAgeDays = 180

/** What both checks of age say; the command rotates what is old. */
export const oldSecret = (command: string) =>
  ({
    severity: 'warning',
    meaning: 'Old secrets are in old backups, in old laptops and in the heads of people who have left.',
    fix: `${command}; deploy/rotation/ has schedules for CI.`,
  }) as const

/**
 * How long the client secret has been in use, by the records of `stagedoor rotate`: Auth0 keeps no date of it.
 * @param auditFile what `--audit-file` of `stagedoor rotate` names
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

/** Records are in order: the first that names the secret is of the moment it was made. */
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
    meaning: 'Nobody can tell how old the secret is: Auth0 keeps no date of it.',
    fix: 'Rotate it by stagedoor rotate client-secret with --audit-file, and give the doctor the same file.',
  }
}
