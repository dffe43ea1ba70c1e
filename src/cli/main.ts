#!/usr/bin/env node
import { createProgram } from './program.ts'
import { processTerminal } from './terminal.ts'

// Loaded only when needed: `check` should not pay for the whole gateway.
const start = async (options: { files: string[]; env: NodeJS.ProcessEnv }) => {
  const server = await import('../server.ts')
  await server.start(options)
}

await createProgram(processTerminal(), start).parseAsync()
