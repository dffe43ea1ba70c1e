import { createFetch } from '../process/outgoing-fetch.ts'
import { processContext } from './command-context.ts'
import { createProgram } from './program.ts'

// Loaded only when needed: `check` should not pay for the whole gateway.
const start = async (options: { files: string[]; env: NodeJS.ProcessEnv }) => {
  const server = await import('../server.ts')
  try {
    await server.start(options)
  } catch (cause) {
    // An open listener or a worker's channel would keep the process from ending. The exit waits until the cause is printed,
    // and takes the exit code that is set then.
    setImmediate(() => process.exit())
    throw cause
  }
}

await createProgram(processContext(await createFetch(process.env)), start).parseAsync()
