import { createFetch } from '../process/outgoing-fetch.ts'
import { processContext } from './command-context.ts'
import { createProgram } from './program.ts'

// Loads the server only when needed, so that commands such as `check` start without the whole gateway.
const start = async (options: { files: string[]; env: NodeJS.ProcessEnv }) => {
  const server = await import('../server.ts')
  try {
    await server.start(options)
  } catch (cause) {
    // An open listener or a worker's channel would keep the process alive. `setImmediate` lets the caller print the cause and set the
    // exit code first.
    setImmediate(() => process.exit())
    throw cause
  }
}

await createProgram(processContext(await createFetch(process.env)), start).parseAsync()
