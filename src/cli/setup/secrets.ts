import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { CommandFailed } from '../run-action.ts'

/** Secrets by the name of their file; one that Auth0 did not show is missing. */
export type Secrets = { client: string | undefined; events: string | undefined }

const files = { client: 'client-secret', events: 'events-secret', session: 'session-secret' } as const
const sessionSecretBytes = 48

/** Where the configuration finds a secret. */
export type SecretPlaces = { [name in keyof typeof files]: object | string }

/** Without a folder the configuration takes secrets from the environment. */
export function environmentPlaces(): SecretPlaces {
  return {
    client: '${AUTH0_CLIENT_SECRET}',
    events: '${AUTH0_EVENTS_CLIENT_SECRET}',
    session: '${STAGEDOOR_SESSION_SECRET}',
  }
}

/**
 * Writes each secret into a file of its own that its owner alone may read. A file that is there already stays as it is.
 * @returns the places, and the files that could not be written because Auth0 did not show the secret
 */
export async function writeSecrets(
  folder: string,
  { client, events }: Secrets,
): Promise<{ places: SecretPlaces; written: string[] }> {
  const all = { client, events, session: randomBytes(sessionSecretBytes).toString('base64') }
  const written: string[] = []
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    for (const [name, secret] of Object.entries(all) as [keyof typeof files, string | undefined][]) {
      const file = join(folder, files[name])
      if (secret !== undefined && (await writeNew(file, secret))) written.push(file)
    }
  } catch (cause) {
    throw new CommandFailed(`the secrets cannot be written to ${folder}`, { cause })
  }
  const place = (name: keyof typeof files) => ({ $file: join(folder, files[name]) })
  return { places: { client: place('client'), events: place('events'), session: place('session') }, written }
}

async function writeNew(file: string, text: string): Promise<boolean> {
  try {
    await writeFile(file, text, { mode: 0o600, flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}
