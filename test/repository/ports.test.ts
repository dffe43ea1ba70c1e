import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'

import t from 'tap'

import { repositoryRoot } from '../../scripts/testing/command.ts'
import { freePort } from '../support/ports.ts'

const count = 40
const module = join(repositoryRoot, 'scripts/testing/ports.ts')

/** Ports that another process got at the same time. */
async function portsOfAnotherProcess(): Promise<number[]> {
  const script = `
    const { freePort } = await import(${JSON.stringify(module)})
    console.log(JSON.stringify(await Promise.all(Array.from({ length: ${count} }, freePort))))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  return JSON.parse(stdout)
}

t.test('a port is assigned once while its process lives, and never by the system', async (t) => {
  const ports = await Promise.all(Array.from({ length: count }, freePort))
  const theirs = await portsOfAnotherProcess()
  t.equal(new Set([...ports, ...theirs]).size, 2 * count)
  t.same(
    ports.filter((port) => port < 11_000 || port >= 20_000),
    [],
  )
})

t.test('every other process skips a reserved port', async (t) => {
  const port = await freePort()
  const other = createSocket('udp4')
  t.teardown(() => other.close())
  other.bind({ port, address: '127.0.0.1', exclusive: true })
  await t.rejects(once(other, 'listening'), { code: 'EADDRINUSE' })
})

t.test('a server may listen on a reserved port, stop and start again', async (t) => {
  const port = await freePort()
  for (let i = 0; i < 2; i++) {
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
  }
  t.pass('listened twice')
})
