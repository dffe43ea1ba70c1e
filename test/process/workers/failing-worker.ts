// A process of small-parts.test.ts: one topic fails, one is answered.
import { openChannel } from '../../../src/process/workers/channel.ts'

const channel = openChannel()
channel.answer('secrets', () => Promise.reject(new Error('the file is gone')))
channel.answer('conditions', () => [])
channel.ready()
