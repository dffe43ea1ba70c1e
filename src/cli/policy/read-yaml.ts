import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'

import { parseYaml } from '../../config/tree/parse-yaml.ts'
import type { Tree } from '../../config/tree/tree.ts'

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

/** Something a person gave to `stagedoor policy` cannot be used; the message says what to do. */
export class PolicyInputError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PolicyInputError'
  }
}
