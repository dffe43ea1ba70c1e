import { readFile } from 'node:fs/promises'

import { CommandFailed } from './run-action.ts'

/** The issuer from an option or the environment. */
export function issuerFrom(option: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  const domain = env['AUTH0_DOMAIN']
  return option ?? (env['AUTH0_ISSUER'] || (domain ? `https://${domain}/` : undefined))
}

/**
 * Reads a secret from the file that an option names, otherwise from an environment variable. Never from an option itself, because every
 * user of the machine can read command lines, and shells store them.
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

/** A value that may be missing, and the option or variable that sets it. */
type Wanted = readonly [value: string | undefined, from: string]

/** @throws CommandFailed that names all missing values, and the command whose help explains them */
export function required<Name extends string>(wanted: Record<Name, Wanted>, help?: string): Record<Name, string> {
  const all = Object.entries<Wanted>(wanted)
  const missing = all.filter(([, [value]]) => !value).map(([, [, from]]) => from)
  if (missing.length > 0) throw new CommandFailed(`Missing: ${missing.join('; ')}`, help === undefined ? {} : { help })
  return Object.fromEntries(all.map(([name, [value]]) => [name, value])) as Record<Name, string>
}
