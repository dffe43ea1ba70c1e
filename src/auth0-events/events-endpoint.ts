import { hash, timingSafeEqual } from 'node:crypto'

import type { FastifyPluginAsync, FastifyRequest } from 'fastify'

import { GatewayError } from '../errors/gateway-error.ts'
import { type Auth0Event, parseEvent, targetOf, type TakeEvent } from './event.ts'

type EventsEndpointOptions = {
  /** Accepted bearer tokens; two during a rotation. Without tokens there is no endpoint. */
  tokens: readonly string[]
  /** Tenant and stream whose events are accepted; undefined for any. */
  source: EventSource
  take: TakeEvent
}

type EventSource = { tenant?: string | undefined; stream?: string | undefined }

/** An event may contain a whole user profile. */
const bodyLimit = 1_048_576

/** The webhook for Auth0's Event Streams. Events are not signed; only the bearer token proves their origin. */
export const eventsEndpoint: FastifyPluginAsync<EventsEndpointOptions> = async (app, { tokens, source, take }) => {
  if (tokens.length === 0) return
  const accepted = tokens.map(digest)
  const readJson = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/cloudevents+json', { parseAs: 'string', bodyLimit }, readJson)

  app.post('/events', { bodyLimit, onRequest: authenticate }, async (request, reply) => {
    const event = parseEvent(request.body)
    if (event === undefined) throw new GatewayError('STAGEDOOR_EVENTS_MALFORMED')
    if (!isFrom(source, event)) throw new GatewayError('STAGEDOOR_EVENTS_FOREIGN', { detail: originOf(event) })
    const outcome = await take(event)
    if (outcome === 'revoked') {
      app.audit.write(request, { event: 'revocation', channel: event.type, target: targetOf(event) })
    }
    return reply.code(202).header('cache-control', 'no-store').send({ outcome })
  })

  async function authenticate({ headers }: FastifyRequest): Promise<void> {
    const [, token = ''] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? []
    const given = digest(token)
    // Compares all tokens in constant time, so that response times reveal nothing.
    const matches = accepted.filter((expected) => timingSafeEqual(expected, given))
    if (matches.length > 0) return
    throw new GatewayError('STAGEDOOR_EVENTS_UNAUTHENTICATED', { headers: { 'www-authenticate': 'Bearer' } })
  }
}

function isFrom({ tenant, stream }: EventSource, event: Auth0Event): boolean {
  return (tenant === undefined || event.tenant === tenant) && (stream === undefined || event.stream === stream)
}

function originOf({ tenant, stream }: Auth0Event): string {
  return `it says a0tenant ${JSON.stringify(tenant)}, a0stream ${JSON.stringify(stream)}`
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}
