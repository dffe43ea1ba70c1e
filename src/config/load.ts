import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'

import { originsIn } from './effective.ts'
import { ConfigError, type Problem } from './problem.ts'
import { interpolate } from './tree/interpolate.ts'
import { parseYaml } from './tree/parse-yaml.ts'
import { readSecretFiles } from './tree/secret-files.ts'
import { type ReadText, rememberTexts } from './tree/texts.ts'
import { merge, type Tree } from './tree/tree.ts'
import { validate } from './validate.ts'

export type LoadOptions = {
  files: readonly string[]
  env: NodeJS.ProcessEnv
  /** Reads a file. In a worker it returns the texts that the primary has read. */
  readText?: ReadText
}

/** The checked configuration, its warnings, the origin of each value, and the text of all files. */
export type LoadedConfig = Awaited<ReturnType<typeof loadConfig>>

/**
 * Reads, merges and checks configuration files; later files override earlier ones.
 * Without files, reads the package's `config/default.yaml`, which takes its values from the environment.
 * @throws ConfigError STAGEDOOR_CONFIG_INVALID with every problem found
 */
export async function loadConfig(options: LoadOptions) {
  const { files, tree, absences, unresolved, leftAside, texts } = await readConfigFiles(options)
  const { config, problems, warnings } = validate(tree, absences, unresolved)
  if (config === undefined || problems.length > 0) throw new ConfigError(inOrderOfLines(problems, files))
  return { config, warnings: [...leftAside, ...warnings], origins: originsIn(tree), texts }
}

/**
 * Reads configuration as it was written: merged, with variables and secret files filled in, but not yet checked. Variables that
 * Kubernetes sets are ignored.
 * @throws ConfigError for files that cannot be read or are not YAML
 */
export async function readConfigFiles(options: LoadOptions) {
  const files = options.files.length > 0 ? options.files : [defaultConfigFile()]
  const { read, texts } = rememberTexts(options.readText)
  const parsed = await Promise.all(files.map((file) => readTree(file, read)))
  const syntaxProblems = parsed.flatMap(({ problems }) => problems)
  // If a file cannot be read, every other problem would be misleading.
  if (syntaxProblems.length > 0) throw new ConfigError(syntaxProblems)

  const merged = parsed.map(({ tree }) => tree).reduce(merge)
  const filled = interpolate(merged, options.env)
  const resolved = await readSecretFiles(filled.tree, read)
  const unresolved = [...filled.problems, ...resolved.problems]
  return { files, tree: resolved.tree, absences: filled.absences, unresolved, leftAside: filled.warnings, texts }
}

/** The path of a file of the package, both for the source and for the compiled code. */
export function packageFile(path: string): string {
  return join(dirname(findPackageJSON(import.meta.url) ?? ''), path)
}

export function defaultConfigFile(): string {
  return packageFile('config/default.yaml')
}

export function packageVersion(): string {
  const { version }: { version: string } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8'))
  return version
}

async function readTree(file: string, read: ReadText): Promise<{ tree: Tree; problems: Problem[] }> {
  const text = await read(file)
  if (typeof text === 'string') return parseYaml(file, text)
  const source = { file, line: text.line ?? 1, column: 1 }
  const problem = { source, path: [], found: text.reason, expected: 'a file that can be read', fix: text.fix }
  return { tree: { kind: 'map', source, entries: new Map() }, problems: [problem] }
}

export function inOrderOfLines(problems: readonly Problem[], files: readonly string[]): Problem[] {
  const rank = ({ source }: Problem) => files.indexOf(source.file) * 1e9 + source.line * 1e3 + source.column
  return problems.toSorted((a, b) => rank(a) - rank(b))
}
