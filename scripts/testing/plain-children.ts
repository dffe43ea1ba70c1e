/**
 * Loaded first in each test file of a run that measures no coverage: programs then start as an operator would start them. Left
 * alone, tap loads its hooks into every Node that a test starts, which adds a third to the time that a gateway needs to start.
 */
import processOnSpawn from 'process-on-spawn'

processOnSpawn.removeAllListeners()
const { NODE_OPTIONS: options = '' } = process.env
process.env['NODE_OPTIONS'] = options.replace(/"?--import=\S+\/@tapjs\/processinfo\/\S+/, '').trim()
