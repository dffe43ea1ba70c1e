import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'

import { parseYaml } from '../../config/tree/parse-yaml.ts'
import type { Tree } from '../../config/tree/tree.ts'
import { PolicyInputError } from './input-error.ts'

/**
 * Reads a YAML (or JSON) file into a tree that knows its lines.
 * @throws PolicyInputError
 */
export async function readYaml(file: string, folder: string): Promise<Tree> {
  const text = await readFile(resolve(folder, file), 'utf8').catch((cause: unknown) => {
    throw new PolicyInputError(`${file} cannot be read: give the path of a YAML or JSON file.`, { cause })
  })
  const { tree, problems } = parseYaml(file, text)
  const [problem] = problems
  if (problem === undefined) return tree
  throw new PolicyInputError(`${file}:${problem.source.line}: ${problem.found}; ${problem.fix}.`)
}
