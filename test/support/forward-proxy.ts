import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Test } from 'tap'

import { endAndWait, endWithUs } from './children.ts'
import { freePort } from './ports.ts'
import { until } from './until.ts'

export type ForwardProxy = {
  url: string
  /** Hosts and ports of the requested connections. */
  asked(): Promise<string[]>
}

/** A real forward proxy, as in corporate networks. */
export async function startForwardProxy(t: Test): Promise<ForwardProxy> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-proxy-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const [config, log] = [join(folder, 'tinyproxy.conf'), join(folder, 'tinyproxy.log')]
  await writeFile(config, [`Port ${port}`, 'Listen 127.0.0.1', `LogFile "${log}"`, 'LogLevel Connect', ''].join('\n'))
  const child: ChildProcess = spawn('tinyproxy', ['-d', '-c', config], { stdio: 'ignore' })
  endWithUs(child)
  t.teardown(() => endAndWait(child, 'SIGTERM'))
  await until(() => isOpen(port))
  return {
    url: `http://127.0.0.1:${port}`,
    async asked() {
      const text = await readFile(log, 'utf8').catch(() => '')
      return [...text.matchAll(/: CONNECT (\S+) HTTP/g)].map(([, target = '']) => target)
    },
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
