// A process of small-parts.test.ts: it begins with what the primary gives it, and ends once the primary has settled.
import { openChannel } from '../../../src/process/workers/channel.ts'

const channel = openChannel()
const { texts } = await channel.beginning
channel.answer('secrets', () => [...texts])
channel.ready()
await channel.settle()
process.disconnect?.()
