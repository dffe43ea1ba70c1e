import type { IncomingMessage, ServerResponse } from 'node:http'

import { readBody } from './form.ts'
import type { Switches } from './switches.ts'
import type { Tenant } from './tenant.ts'

export const controlPath = '/__local/switches'

type Command = { switch: string; arguments: unknown[] }

/** The switches over HTTP, for other processes on this machine. Never affected by a fault. */
export function createControl(tenant: Tenant, switches: Switches, currentKid: () => string) {
  const table = switches as unknown as Record<string, (...parameters: unknown[]) => unknown>

  return async function control(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isLoopback(request.socket.remoteAddress)) return answer(response, 403, { error: 'loopback only' })
    if (request.method === 'GET') return answer(response, 200, state())
    try {
      const command = parseCommand(await readBody(request))
      const action = Object.hasOwn(table, command.switch) ? table[command.switch] : undefined
      if (!action) return answer(response, 404, { error: `no such switch: ${command.switch}` })
      answer(response, 200, { result: (await action(...command.arguments)) ?? null })
    } catch (error) {
      answer(response, 400, { error: error instanceof Error ? error.message : String(error) })
    }
  }

  function state() {
    return {
      switches: Object.keys(switches),
      issuer: tenant.issuer,
      counters: tenant.counters,
      lastAuthorize: tenant.lastAuthorize,
      currentKid: currentKid(),
      users: tenant.users.slice(0, 100),
      logins: [...tenant.logins.values()],
    }
  }
}

/** @throws Error when the body is not `{"switch": name, "arguments": [...]}`. */
function parseCommand(body: string): Command {
  const parsed: unknown = JSON.parse(body)
  if (typeof parsed !== 'object' || parsed === null || !('switch' in parsed) || typeof parsed.switch !== 'string') {
    throw new Error('expected {"switch": "name", "arguments": [...]}')
  }
  const given = 'arguments' in parsed ? parsed.arguments : []
  return { switch: parsed.switch, arguments: Array.isArray(given) ? given : [given] }
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(::ffff:)?127\.|^::1$/.test(address)
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
