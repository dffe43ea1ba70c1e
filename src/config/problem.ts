import type { Config } from './schema.ts'
import { formatPath, type Path, type Source } from './tree/tree.ts'

/** One problem of the configuration, with everything that is needed to fix it. */
export type Problem = {
  source: Source
  path: Path
  /** The value that was found; missing if there is none. Never a secret. */
  found?: string
  expected: string
  fix: string
  /** The meaning of the option, if it has no usable value. */
  meaning?: string
}

/** All problems of a configuration. With any problem, the gateway does not start. */
export class ConfigError extends Error {
  readonly code = 'STAGEDOOR_CONFIG_INVALID'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map(toLine).join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

function toLine({ source, path, expected }: Problem): string {
  return `${source.file}:${source.line}:${source.column} ${formatPath(path)}: expected ${expected}`
}

/** A contradiction between sections. Its path says where to report it. */
export type Finding = { path: Path; expected: string; fix: string }

/** Findings, in the order of the checks. */
export type Findings = Iterable<Finding>

/** The sections that are valid by themselves. */
export type KnownSections = { [Name in keyof Config]?: Config[Name] | undefined }
