import { matchKey } from '../config/route-patterns.ts'
import type { Config } from '../config/schema.ts'
import { createPathMatcher } from '../policy/path-matcher.ts'
import type { RequestLineOptions } from '../telemetry/request-line.ts'
import type { Dependencies } from './dependencies.ts'

/** Which requests have a line in the log. */
export function requestLineOf({ log, audit }: Config, { logger }: Dependencies): RequestLineOptions {
  const { quiet, sampleRatio } = log.requests
  const matchers = quiet.map(createPathMatcher)
  return {
    logger,
    hasRecords: audit.sinks.some(({ stdout }) => stdout !== undefined),
    isQuiet(path) {
      const key = matchKey(path)
      return matchers.some((covers) => covers(key))
    },
    sampleRatio,
  }
}
