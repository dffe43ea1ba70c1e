import { createSocket } from 'node:dgram'
import { once } from 'node:events'

import type { Test } from 'tap'

/** How it answers: correctly, with "no such name", with a failure, or never. */
export type NameServerManner = 'well' | 'no-such-name' | 'failing' | 'silent'

export type NameServer = {
  /** `/etc/resolv.conf` for processes that use this server. */
  resolvConf: string
  manner: NameServerManner
  queries: number
}

const responseCodes = { well: 0, failing: 2, 'no-such-name': 3 } as const
const addressType = 1

/**
 * A DNS server (RFC 1035) for which every name is this machine. It has an address of its own on port 53, the only one that
 * resolvers ask: that takes root.
 */
export async function startNameServer(t: Test): Promise<NameServer> {
  const socket = createSocket('udp4')
  const address = `127.77.${process.pid % 250}.${1 + ((process.pid >> 8) % 250)}`
  const resolvConf = `nameserver ${address}\noptions timeout:1 attempts:1\n`
  const server: NameServer = { resolvConf, manner: 'well', queries: 0 }
  socket.on('message', (query, { port, address: asker }) => {
    server.queries += 1
    if (server.manner !== 'silent') socket.send(answerTo(query, responseCodes[server.manner]), port, asker)
  })
  socket.bind(53, address)
  await once(socket, 'listening')
  t.teardown(() => socket.close())
  return server
}

/** The header with the question of the query (RFC 1035 §4.1), and 127.0.0.1 where an IPv4 address was asked for. */
function answerTo(query: Buffer, responseCode: number): Buffer {
  let end = 12
  while (query.readUInt8(end) !== 0) end += 1 + query.readUInt8(end)
  const question = query.subarray(12, end + 5)
  const hasAnswer = responseCode === 0 && question.readUInt16BE(question.length - 4) === addressType
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  // A response to a recursive query, with recursion.
  header.writeUInt16BE(0x81_80 | responseCode, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(hasAnswer ? 1 : 0, 6)
  // A pointer to the name in the question, type A, class IN, no lifetime, four bytes.
  const record = Buffer.from([0xc0, 12, 0, addressType, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1])
  return Buffer.concat(hasAnswer ? [header, question, record] : [header, question])
}
