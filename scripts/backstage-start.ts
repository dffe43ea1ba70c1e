import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'

import { startCommand } from './backstage-command.ts'
import { exampleDirectory, type ProgressLog } from './backstage-setup.ts'

const startTimeoutMs = 120_000
const pollEveryMs = 200
const stopTimeoutMs = 10_000
const keptLogLines = 200

export type BackstageOptions = {
  /** Port on 127.0.0.1; default: a free one. */
  port?: number
  /** Stagedoor's public address: Backstage's own base URL, and the issuer of assertions. */
  gatewayBaseUrl: string
  /** Where Stagedoor's keys are read; default: under `gatewayBaseUrl`. */
  jwksUri?: string
  /** An Auth0 tenant to take people and groups from; default: those of `catalog/organization.yaml`. */
  auth0?: { issuer: string; management: { clientId: string; clientSecret: string } }
  /** Configuration files after `app-config.yaml`, later ones win. */
  configFiles?: readonly string[]
  /** Gets every line that Backstage logs. */
  log?: ProgressLog
}

export type RunningBackstage = { url: string; close: () => Promise<void> }

/**
 * Starts the example Backstage and waits until it is ready and its catalog has users. Call `ensureBackstage` before.
 *
 * @throws Error with Backstage's last log lines, where it ends or is not ready in two minutes
 */
export async function startBackstage(options: BackstageOptions): Promise<RunningBackstage> {
  const port = options.port ?? (await freePort())
  const url = `http://127.0.0.1:${port}`
  const configFiles = [...(options.auth0 ? ['app-config.auth0.yaml'] : []), ...(options.configFiles ?? [])]
  const backend = startCommand(process.execPath, backendParameters(configFiles), {
    directory: exampleDirectory,
    environment: backendEnvironment(options, port),
  })
  const lastLines = collectLog(backend, options.log)
  const close = () => stop(backend)
  try {
    await untilReady(backend, url)
  } catch (error) {
    await close()
    throw new Error(`Backstage did not start:\n${lastLines.join('\n')}`, { cause: error })
  }
  return { url, close }
}

function backendParameters(configFiles: readonly string[]): string[] {
  const files = ['app-config.yaml', ...configFiles]
  return ['backend/index.ts', ...files.flatMap((file) => ['--config', file])]
}

/** Production mode: there a provider that cannot start stops Backstage, instead of being left out with a warning. */
function backendEnvironment(options: BackstageOptions, port: number): NodeJS.ProcessEnv {
  const { auth0, gatewayBaseUrl, jwksUri = new URL('/.stagedoor/jwks.json', gatewayBaseUrl).href } = options
  return {
    ...process.env,
    NODE_ENV: 'production',
    BACKSTAGE_HOST: '127.0.0.1',
    BACKSTAGE_PORT: String(port),
    STAGEDOOR_BASE_URL: gatewayBaseUrl,
    STAGEDOOR_JWKS_URI: jwksUri,
    ...(auth0 && {
      AUTH0_MANAGEMENT_ISSUER: auth0.issuer,
      AUTH0_MANAGEMENT_CLIENT_ID: auth0.management.clientId,
      AUTH0_MANAGEMENT_CLIENT_SECRET: auth0.management.clientSecret,
    }),
  }
}

/** Passes every line on, and keeps the last ones for the error message. */
function collectLog(backend: ChildProcess, log: ProgressLog | undefined): string[] {
  const lastLines: string[] = []
  for (const stream of [backend.stdout, backend.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n').filter((line) => line !== '')) {
        log?.(line)
        lastLines.push(line)
        if (lastLines.length > keptLogLines) lastLines.shift()
      }
    })
  }
  return lastLines
}

async function untilReady(backend: ChildProcess, url: string): Promise<void> {
  const giveUp = AbortSignal.timeout(startTimeoutMs)
  for (const path of ['/.backstage/health/v1/readiness', '/api/demo/ready']) {
    while (!(await answersOk(`${url}${path}`, giveUp))) {
      if (!isRunning(backend)) throw new Error(`Backstage ended with code ${backend.exitCode}`)
      await setTimeout(pollEveryMs, undefined, { signal: giveUp })
    }
  }
}

async function answersOk(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(url, { signal })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}

/** Asks Backstage to stop, and ends it if it has not in ten seconds. */
async function stop(backend: ChildProcess): Promise<void> {
  if (!isRunning(backend)) return
  const ended = once(backend, 'exit')
  backend.kill('SIGTERM')
  const timer = globalThis.setTimeout(() => backend.kill('SIGKILL'), stopTimeoutMs)
  await ended
  clearTimeout(timer)
}

function isRunning(backend: ChildProcess): boolean {
  return backend.exitCode === null && backend.signalCode === null
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('the system gave no port')
  return address.port
}
