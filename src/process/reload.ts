import { type LoadedConfig, loadConfig, type LoadOptions } from '../config/load.ts'
import { needsRestart } from '../config/needs-restart.ts'
import { ConfigError, type Problem } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import { formatPath } from '../config/tree/tree.ts'
import { removeStaleSocket } from '../listener/acceptors.ts'
import type { Logger } from '../telemetry/logger.ts'
import { type Refusal, refusalFor, refusalOf } from './last-reload.ts'

/** Applies a changed configuration: to this process, or to all workers together. */
export type Reloadable = {
  /** Prepares a configuration next to the one in force. @returns why that failed; undefined when it is ready */
  prepare: (loaded: LoadedConfig) => Promise<string | undefined>
  /** Puts the prepared configuration in force. @returns whether there was one */
  putInForce: () => Promise<boolean>
  /** Discards what was prepared. Readiness, metrics and the audit trail then say that the files are not in force. */
  refuse: (refusal: Refusal) => Promise<void>
}

export type ReloadOptions = {
  load: LoadOptions
  logger: Logger
  reloadable: Reloadable
  /** The configuration that the process was started with, with the address where it listens now. */
  held: Config
}

/**
 * Reads the files and puts their configuration in force, completely or not at all. Never rejects.
 * @param occasion why, for the log
 * @returns the configuration that was read; undefined if it is not in force
 */
export async function reload(
  occasion: string,
  { load, logger, reloadable, held }: ReloadOptions,
): Promise<LoadedConfig | undefined> {
  logger.info(`${occasion}: reading the configuration again`)
  const read = await readAnew(load, logger)
  if ('refusal' in read) {
    await reloadable.refuse(read.refusal)
    return undefined
  }
  const { path } = read.config.server.listen
  // If the socket cannot be removed, listening fails and reports why.
  if (path !== undefined) await removeStaleSocket(path).catch(() => undefined)
  const reason = await reloadable.prepare(read)
  if (reason !== undefined) {
    logger.error({ reason }, 'the new configuration cannot be put in force; the old one stays in force')
    await reloadable.refuse(refusalFor(reason))
    return undefined
  }
  await reloadable.putInForce()
  logWaiting(held, read.config, logger)
  logger.info('the new configuration is in force')
  return read
}

/** Reads the configuration again, and logs its problems. */
export async function readAnew(options: LoadOptions, logger: Logger): Promise<LoadedConfig | { refusal: Refusal }> {
  try {
    const loaded = await loadConfig(options)
    logWarnings(loaded.warnings, logger)
    return loaded
  } catch (err) {
    const problems = err instanceof ConfigError ? err.problems : []
    for (const problem of problems) logger.error(shown(problem), problem.fix)
    const cause = err instanceof ConfigError ? { problems: problems.length } : { err }
    logger.error(cause, 'the new configuration has problems; the old one stays in force')
    return { refusal: problems.length > 0 ? refusalOf(problems) : refusalFor(String(err)) }
  }
}

/** Logs each warning about the configuration. */
export function logWarnings(warnings: readonly Problem[], logger: Logger): void {
  for (const warning of warnings) logger.warn(shown(warning), warning.fix)
}

/** Logs the changed options that take effect only at a restart. */
export function logWaiting(held: Config, read: Config, logger: Logger): void {
  for (const waiting of needsRestart(held, read)) {
    logger.warn(waiting, 'this option needs a restart; until then the old value is in force')
  }
}

function shown({ source, path, found, expected }: Problem) {
  return { file: source.file, line: source.line, option: formatPath(path), found, expected }
}
