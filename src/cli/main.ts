#!/usr/bin/env node
import { createFetch } from '../process/outgoing-fetch.ts'
import { createProgram } from './program.ts'
import { processTerminal } from './terminal.ts'
import { processSurroundings } from './token-surroundings.ts'

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

const surroundings = { ...processSurroundings, fetch: await createFetch(process.env) }
await createProgram(processTerminal(), start, surroundings).parseAsync()
