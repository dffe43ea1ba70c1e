// A worker process for small-parts.test.ts: it starts with the primary's configuration and ends once the primary has settled.
import { openChannel } from '../../../src/process/workers/channel.ts'

const channel = openChannel()
const { texts } = await channel.beginning
channel.answer('secrets', () => [...texts])
channel.ready()
await channel.settle()
process.disconnect?.()
