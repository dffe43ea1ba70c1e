/**
 * Loaded first in each test file: programs then start as an operator would start them. Left alone, tap loads its hooks into
 * every Node that a test starts, which adds a third to the time that a gateway needs to start; measuring coverage doubles it.
 */
import processOnSpawn from 'process-on-spawn'

import { compileCache } from './compile-cache.ts'

processOnSpawn.removeAllListeners()
const { NODE_OPTIONS: options = '' } = process.env
process.env['NODE_OPTIONS'] = options
  .replaceAll(/"?--import=\S+\/(?:@tapjs\/processinfo|scripts\/testing)\/\S+/g, '')
  .trim()
process.env['NODE_COMPILE_CACHE'] = compileCache
