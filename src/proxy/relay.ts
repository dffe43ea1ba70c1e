import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

export type Upgrade = {
  client: Socket
  upstream: Duplex
  /** The upstream's status, 101. */
  status: number
  /** Flat list of the head's names and values. */
  head: readonly string[]
  /** What the client sent behind its request head, before it had an answer. */
  clientBytes: Buffer
}

export type Relay = {
  /** Sends the client the reason (RFC 6455 §5.5.1) and ends both sides. */
  close(code: number, reason: string): void
}

const keepAliveProbeMs = 60_000

/**
 * Joins the two sockets of an answered upgrade. Bytes pass unread, so compression and sub-protocols are the two ends'
 * own affair; nothing of the client passes before the upstream has agreed to the upgrade.
 * @param onClosed called once, when both sides are done
 */
export function relayUpgrade(upgrade: Upgrade, onClosed: () => void): Relay {
  const { client, upstream, clientBytes } = upgrade
  client.setTimeout(0)
  client.setNoDelay(true)
  client.setKeepAlive(true, keepAliveProbeMs)
  client.write(headText(upgrade), 'latin1')
  if (clientBytes.length > 0) client.unshift(clientBytes)

  upstream.on('error', () => client.destroy())
  client.on('error', () => upstream.destroy())
  upstream.on('close', () => {
    client.destroySoon()
    onClosed()
  })
  client.on('close', () => upstream.destroy())
  client.pipe(upstream)
  upstream.pipe(client)

  return {
    close(code, reason) {
      upstream.unpipe(client)
      if (client.writable) client.end(closeFrame(code, reason))
      upstream.destroy()
    },
  }
}

function headText({ status, head }: Upgrade): string {
  let text = `HTTP/1.1 ${status} Switching Protocols\r\n`
  for (let i = 0; i < head.length; i += 2) text += `${head[i]}: ${head[i + 1]}\r\n`
  return `${text}\r\n`
}

// RFC 6455 §5.5: FIN and opcode 8; a control frame carries at most 125 bytes, two of which are the code.
const maxReasonBytes = 123

function closeFrame(code: number, reason: string): Buffer {
  const text = Buffer.from(reason, 'utf8').subarray(0, maxReasonBytes)
  const frame = Buffer.alloc(4 + text.length)
  frame[0] = 0x88
  frame[1] = 2 + text.length
  frame.writeUInt16BE(code, 2)
  text.copy(frame, 4)
  return frame
}
