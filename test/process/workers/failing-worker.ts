// A worker process for small-parts.test.ts: it fails on one topic and answers another.
import { openChannel } from '../../../src/process/workers/channel.ts'

const channel = openChannel()
channel.answer('secrets', () => Promise.reject(new Error('the file is gone')))
channel.answer('conditions', () => [])
channel.ready()
