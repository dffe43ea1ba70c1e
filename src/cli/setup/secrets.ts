import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const files = { client: 'client-secret', events: 'events-secret', session: 'session-secret' } as const
const sessionSecretBytes = 48

type SecretName = keyof typeof files

/** The reference for each secret in the configuration. */
export type SecretPlaces = Record<SecretName, object | string>

/** Refers to files in a folder, or to environment variables if there is no folder. */
export function placesIn(folder: string | undefined): SecretPlaces {
  const place = (name: SecretName, variable: string) =>
    folder === undefined ? `\${${variable}}` : { $file: join(folder, files[name]) }
  return {
    client: place('client', 'AUTH0_CLIENT_SECRET'),
    events: place('events', 'AUTH0_EVENTS_CLIENT_SECRET'),
    session: place('session', 'STAGEDOOR_SESSION_SECRET'),
  }
}

/** Creates the folder if it does not exist. @throws when it is not writable */
export async function prepareFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await rmdir(await mkdtemp(join(folder, '.check-')))
}

/**
 * Writes each secret that Auth0 returned, and a new session secret, to its own file, which only the owner can read. An existing file
 * stays unchanged.
 * @returns the files that were written
 */
export async function writeSecrets(
  folder: string,
  shown: Record<'client' | 'events', string | undefined>,
): Promise<string[]> {
  const all = { ...shown, session: randomBytes(sessionSecretBytes).toString('base64') }
  const written: string[] = []
  for (const [name, secret] of Object.entries(all) as [SecretName, string | undefined][]) {
    const file = join(folder, files[name])
    if (secret !== undefined && (await writeNew(file, secret))) written.push(file)
  }
  return written
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
