import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, type NetConnectOpts } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import type { Test } from 'tap'

import { repositoryRoot } from '../../scripts/testing/command.ts'
import { endWithUs } from './children.ts'
import { freePort } from './ports.ts'
import { until } from './until.ts'

export type Balancer = { port: number; untilAllAreUp: () => Promise<void> }

type Options = {
  /** Where it listens; default: a free port. */
  port?: number
  /** A PEM file with certificate and key: TLS on both sides, and HTTP/2 to replicas for HTTP/2 clients. */
  pem?: string
}

/** HAProxy, configured as in deploy/, in front of these ports. */
export async function startBalancer(t: Test, ports: readonly number[], options: Options = {}): Promise<Balancer> {
  const port = options.port ?? (await freePort())
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-balancer-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const recipe = await readFile(join(repositoryRoot, 'deploy/haproxy/balancer.cfg'), 'utf8')
  const withPorts = ports.reduce((config, replica, index) => config.replace(`:${8081 + index}`, `:${replica}`), recipe)
  const control = join(folder, 'control.sock')
  const file = join(folder, 'haproxy.cfg')
  const config = options.pem === undefined ? withPorts : withTls(withPorts, options.pem)
  await writeFile(file, `global\n  stats socket ${control}\n${config.replace('bind :80', `bind 127.0.0.1:${port}`)}`)
  const haproxy = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  const said: string[] = []
  haproxy.stderr.on('data', (text: Buffer) => said.push(text.toString()))
  endWithUs(haproxy)
  t.teardown(async () => {
    haproxy.kill('SIGTERM')
    await once(haproxy, 'exit')
  })
  // HAProxy creates the control socket after it has opened the port.
  await until(async () => {
    if (haproxy.exitCode !== null) throw new Error(`HAProxy ended at its start: ${said.join('')}`)
    return (await isListening({ port, host: '127.0.0.1' })) && (await isListening({ path: control }))
  })
  const servers = ports.length * (options.pem === undefined ? 1 : 2)
  return { port, untilAllAreUp: () => until(async () => (await upServers(control)) === servers) }
}

function withTls(config: string, pem: string): string {
  const [front = '', back = ''] = config.split(/^backend stagedoor$/m)
  const secured = (alpn: string) =>
    back.replaceAll(/^( {2}server .*)$/gm, `$1 ssl verify none alpn ${alpn} check-alpn http/1.1`)
  const bound = front
    .replace('bind :80', `bind :80 ssl crt ${pem} alpn h2,http/1.1`)
    .replace('  default_backend', '  use_backend stagedoor-h2 if { ssl_fc_alpn h2 }\n  default_backend')
  return `${bound}backend stagedoor${secured('http/1.1')}\nbackend stagedoor-h2${secured('h2')}`
}

/** The number of servers that pass their probe, from HAProxy's statistics (`show stat`, one CSV line per server). */
async function upServers(control: string): Promise<number> {
  const socket = connect(control)
  socket.write('show stat\n')
  const lines = (await text(socket)).split('\n')
  return lines.filter((line) => /^stagedoor(?:-h2)?,replica/.test(line) && line.split(',').includes('UP')).length
}

function isListening(address: NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
