import { randomBytes } from 'node:crypto'

import type { Tenant } from '../tenant.ts'
import { bodyOf, change, isAnswer, list, notFound, ok, read } from './resource.ts'
import type { Answer, Call, Resource } from './resource.ts'

const knownSettings = ['name', 'status', 'subscriptions', 'destination']

/** Event streams that push to a webhook. The local Auth0 lists them and pushes nothing. */
export function eventStreamResources({ configuration }: Tenant): Resource[] {
  const withStream = (call: Call, answer: (stream: Record<string, unknown>) => Answer): Answer => {
    const stream = configuration.eventStreams.find(({ id }) => id === call.parameters[0])
    return stream ? answer(stream) : notFound('The event stream does not exist')
  }
  return [
    read('event-streams', ['read:event_streams'], (call) =>
      list(configuration.eventStreams, call, 'eventStreams', withoutToken),
    ),
    read('event-streams/*', ['read:event_streams'], (call) => withStream(call, (stream) => ok(withoutToken(stream)))),
    change('POST', 'event-streams', 'create:event_streams', (call) => {
      const body = bodyOf(call, knownSettings)
      if (isAnswer(body)) return body
      const stream = { id: `est_${randomBytes(11).toString('hex')}`, status: 'enabled', ...body }
      configuration.eventStreams.push(stream)
      return { status: 201, body: withoutToken(stream) }
    }),
    change('PATCH', 'event-streams/*', 'update:event_streams', (call) =>
      withStream(call, (stream) => {
        const body = bodyOf(call, knownSettings)
        if (isAnswer(body)) return body
        Object.assign(stream, body)
        return ok(withoutToken(stream))
      }),
    ),
    change('DELETE', 'event-streams/*', 'delete:event_streams', (call) =>
      withStream(call, (stream) => {
        configuration.eventStreams = configuration.eventStreams.filter((candidate) => candidate !== stream)
        return { status: 204, body: undefined }
      }),
    ),
  ]
}

/** A token can be set and is never returned. */
function withoutToken(stream: Record<string, unknown>): Record<string, unknown> {
  const shown = structuredClone(stream)
  const { configuration } = (shown.destination ?? {}) as {
    configuration?: { webhook_authorization?: { token?: string } }
  }
  delete configuration?.webhook_authorization?.token
  return shown
}
