import { type LoadedConfig, loadConfig, type LoadOptions } from '../config/load.ts'
import { needsRestart } from '../config/needs-restart.ts'
import { ConfigError, type Problem } from '../config/problems/problem.ts'
import type { Config } from '../config/schema.ts'
import { formatPath } from '../config/tree/tree.ts'
import type { Logger } from '../telemetry/logger.ts'

/** Reads the configuration again. Its problems are logged and nothing is returned: the configuration in force stays. */
export async function readAnew(options: LoadOptions, logger: Logger): Promise<LoadedConfig | undefined> {
  try {
    const loaded = await loadConfig(options)
    logWarnings(loaded.warnings, logger)
    return loaded
  } catch (err) {
    const problems = err instanceof ConfigError ? err.problems : []
    for (const problem of problems) logger.error(shown(problem), problem.fix)
    const cause = err instanceof ConfigError ? { problems: problems.length } : { err }
    logger.error(cause, 'the configuration in the files cannot be used; the one in force stays')
    return undefined
  }
}

/** Logs each warning about the configuration. */
export function logWarnings(warnings: readonly Problem[], logger: Logger): void {
  for (const warning of warnings) logger.warn(shown(warning), warning.fix)
}

/** Logs the changed options that take effect only at a restart. */
export function logWaiting(started: Config, read: Config, logger: Logger): void {
  for (const waiting of needsRestart(started, read)) {
    logger.warn(waiting, 'this option takes effect at the next restart; until then the old value is in force')
  }
}

function shown({ source, path, found, expected }: Problem) {
  return { file: source.file, line: source.line, option: formatPath(path), found, expected }
}
