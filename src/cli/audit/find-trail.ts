import { access, readFile } from 'node:fs/promises'

import type { JWK } from 'jose'

import { checkpointFileOf, filesOfTrail, linesOfAll } from '../../audit/trail-files.ts'
import { loadConfig } from '../../config/load.ts'
import { readFileIfThere } from '../../storage/atomic-file.ts'
import type { CommandContext } from '../command-context.ts'
import { CommandFailed } from '../run-action.ts'

/** The files of a trail, oldest first, with the checkpoints and keys to verify them. */
export type TrailFiles = { files: string[]; checkpoints: string[] | undefined; keys: JWK[] }

export type TrailOptions = { config: string[]; keys?: string; checkpoints?: string }

/** The files named as arguments, or those of the first file sink in the configuration. */
export async function findTrail(
  named: readonly string[],
  options: TrailOptions,
  { env }: CommandContext,
): Promise<TrailFiles> {
  const found =
    named.length > 0 ? { files: [...named], checkpoints: undefined, keyFile: undefined } : await configured()
  const keyFile = options.keys ?? found.keyFile
  const keys = keyFile === undefined ? [] : await readKeys(keyFile, options.keys !== undefined)
  // A missing file of checkpoints is an error if it was named. Without it, the trail would pass unchecked.
  if (options.checkpoints !== undefined) await access(options.checkpoints)
  const kept = options.checkpoints ?? found.checkpoints
  return { files: found.files, checkpoints: kept === undefined ? undefined : await linesOfAll([kept]), keys }

  async function configured() {
    const { config } = await loadConfig({ files: options.config, env })
    const path = config.audit.sinks.find(({ file }) => file !== undefined)?.file?.path
    if (path === undefined) {
      throw new CommandFailed('The configuration has no file in audit.sinks: name the files of the trail.')
    }
    const { path: keyPath, store } = config.audit.keys
    const keyFile = store === 'file' && keyPath !== undefined ? `${keyPath}.public` : undefined
    return { files: filesOfTrail(path), checkpoints: checkpointFileOf(path), keyFile }
  }
}

async function readKeys(file: string, isAsked: boolean): Promise<JWK[]> {
  const text = isAsked ? await readFile(file, 'utf8') : await readFileIfThere(file)
  if (text === undefined) return []
  try {
    const { keys } = JSON.parse(text) as { keys: JWK[] }
    if (Array.isArray(keys)) return keys
  } catch {
    // Reported below, like any other invalid key set.
  }
  throw new CommandFailed(`${file} is not a JWK Set: fetch it from /.stagedoor/audit/jwks.json.`)
}
