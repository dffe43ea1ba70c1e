import type { LocalAuth0 } from '../../../auth0/local/server.ts'
import { postToken } from './start.ts'

export type Call = (path: string, init?: RequestInit) => Promise<{ status: number; headers: Headers; body: unknown }>

export async function managementToken(auth0: LocalAuth0, scope?: string): Promise<string> {
  const { body } = await postToken(auth0, {
    grant_type: 'client_credentials',
    client_id: auth0.management.clientId,
    client_secret: auth0.management.clientSecret,
    audience: `${auth0.issuer}api/v2/`,
    ...(scope === undefined ? {} : { scope }),
  })
  return String(body.access_token)
}

/** Makes calls below /api/v2/ with a token of the given scopes; default: all scopes. */
export async function createManagementCall(auth0: LocalAuth0, scope?: string): Promise<Call> {
  const token = await managementToken(auth0, scope)
  return async (path, init = {}) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const response = await fetch(`${auth0.issuer}api/v2/${path}`, { ...init, headers })
    return { status: response.status, headers: response.headers, body: await response.json() }
  }
}

export type Message = { event: string; id: string; data: unknown }
export type EventReader = { status: number; next: () => Promise<Message | undefined>; close: () => Promise<void> }

/** Reads server-sent events one by one. `next` returns undefined when the stream has ended. */
export async function openEvents(
  auth0: LocalAuth0,
  token: string,
  query = '',
  headers: Record<string, string> = {},
): Promise<EventReader & { headers: Headers }> {
  const response = await fetch(`${auth0.issuer}api/v2/events${query}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
  })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let buffer = ''

  async function nextBlock(): Promise<string | undefined> {
    while (!buffer.includes('\n\n')) {
      const chunk = await reader?.read()
      if (!chunk || chunk.done) return undefined
      buffer += chunk.value
    }
    const end = buffer.indexOf('\n\n')
    const block = buffer.slice(0, end)
    buffer = buffer.slice(end + 2)
    return block
  }

  async function next(): Promise<Message | undefined> {
    for (;;) {
      const block = await nextBlock()
      if (block === undefined) return undefined
      const fields = new Map(block.split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]))
      const event = fields.get('event')
      if (event) return { event, id: fields.get('id') ?? '', data: JSON.parse(fields.get('data') ?? 'null') }
    }
  }

  return { status: response.status, headers: response.headers, next, close: async () => reader?.cancel() }
}
