import type { Config } from './schema.ts'
import { formatPath, type Path, type Source } from './tree/tree.ts'

/** One thing that is wrong with the configuration, with all that is needed to mend it. */
export type Problem = {
  source: Source
  path: Path
  /** The value that was found; absent when there is none. Never a secret. */
  found?: string
  expected: string
  fix: string
  /** The meaning of the option, where no usable value was written. */
  meaning?: string
}

/** Every problem of a configuration at once: bad configuration never half-starts. */
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

/** Findings, in the order in which checks come to them. */
export type Findings = Iterable<Finding>

/** Sections that are well formed by themselves. */
export type KnownSections = { [Name in keyof Config]?: Config[Name] | undefined }
