import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Test } from 'tap'

import { repositoryRoot } from '../../../scripts/testing/command.ts'
import { type Origin, startOrigin } from '../../support/origin.ts'
import { freePort } from '../../support/ports.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { until } from '../../support/until.ts'

/** A proxy that asks Stagedoor and forwards to a service, with the recipe in `deploy/`. */
export type Recipe = {
  /** Turns the recipe into the program's configuration, with the ports of the program, Stagedoor and the service. */
  configure(text: string, places: Places): string
  /** Path below `deploy/`. */
  file: string
  command(folder: string, file: string): [binary: string, ...args: string[]]
}

export type Places = { port: number; stagedoor: string; service: string; folder: string }

export type Guarded = { stack: Stack; service: Origin; url: string }

const routes = [
  { name: 'public', path: '/public/**', allow: 'public' },
  { name: 'admin', path: '/admin/**', allow: { roles: ['platform-admin'] } },
  { name: 'reading', path: '/read-only/**', methods: ['GET'], allow: 'authenticated' },
  { name: 'no-writing', path: '/read-only/**', allow: { roles: ['nobody'] } },
  { name: 'other-host', path: '/host/**', hosts: ['docs.example.com'], allow: 'public' },
  { name: 'everything', path: '/**', allow: 'authenticated' },
]

const hostOf = (url: string): string => new URL(url).host

/** Starts gateway, login service, a service that echoes requests, and the real proxy in front of all. */
export async function startGuarded(t: Test, recipe: Recipe, now: () => number = Date.now): Promise<Guarded> {
  const port = await freePort()
  const stack = await startStack(t, {
    publicPort: port,
    now,
    config: {
      server: { baseUrl: `http://localhost:${port}`, trustedProxies: ['127.0.0.0/8'] },
      machines: { audiences: ['https://api.example.com'] },
      routes,
    },
  })
  const service = await startOrigin(t)
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-proxy-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const text = readFileSync(join(repositoryRoot, 'deploy', recipe.file), 'utf8')
  const places = { port, stagedoor: hostOf(stack.directUrl), service: hostOf(service.url), folder }
  const file = join(folder, 'configuration')
  writeFileSync(file, recipe.configure(text, places))
  await startProgram(t, recipe.command(folder, file), folder, port)
  return { stack, service, url: stack.url }
}

export async function startProgram(t: Test, [binary, ...args]: string[], folder: string, port: number): Promise<void> {
  const env = { PATH: `${process.env['PATH']}:/usr/sbin:/usr/local/sbin`, HOME: folder, XDG_DATA_HOME: folder }
  const child = spawn(binary as string, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGTERM')
    await exited
  })
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`${binary} does not start: ${output}`)
    return answers(port)
  })
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
