import { readFile } from 'node:fs/promises'

import { CommandFailed } from './run-action.ts'

/** The issuer of an option, or of the environment. */
export function issuerFrom(option: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  const domain = env['AUTH0_DOMAIN']
  return option ?? (env['AUTH0_ISSUER'] || (domain ? `https://${domain}/` : undefined))
}

/**
 * A secret from the file that an option names, or else from a variable. Never from an option itself: every user of the
 * machine can read command lines, and shells keep them.
 */
export async function secretFrom(
  file: string | undefined,
  env: NodeJS.ProcessEnv,
  variable: string,
): Promise<string | undefined> {
  if (file === undefined) return env[variable] || undefined
  try {
    return (await readFile(file, 'utf8')).replace(/\r?\n$/, '')
  } catch (cause) {
    throw new CommandFailed(`${file} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

/** A value that may be missing, and where it comes from. */
type Wanted = readonly [value: string | undefined, from: string]

/** @throws CommandFailed that names all values that are missing, and the command whose help shows more */
export function required<Name extends string>(wanted: Record<Name, Wanted>, help?: string): Record<Name, string> {
  const all = Object.entries<Wanted>(wanted)
  const missing = all.filter(([, [value]]) => !value).map(([, [, from]]) => from)
  if (missing.length > 0) throw new CommandFailed(`Missing: ${missing.join('; ')}`, help === undefined ? {} : { help })
  return Object.fromEntries(all.map(([name, [value]]) => [name, value])) as Record<Name, string>
}
