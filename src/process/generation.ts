import type { IncomingMessage, ServerResponse } from 'node:http'

import type { FastifyInstance } from 'fastify'

import { buildApp } from '../app.ts'
import type { Dependencies } from '../assembly/dependencies.ts'
import type { Lasting } from '../assembly/kept-across-reloads.ts'
import { type Parts, prepareParts } from '../assembly/plugin-options.ts'
import type { Config } from '../config/schema.ts'

/** The gateway with one configuration, and the requests that it is handling. */
export type Generation = Awaited<ReturnType<typeof buildGeneration>>

/** Makes the gateway ready for requests. Reuses the parts of earlier generations whose settings have not changed. */
export async function buildGeneration(config: Config, dependencies: Dependencies, lasting: Lasting) {
  const holding = lasting.hold()
  try {
    const parts = await prepareParts(config, dependencies, holding)
    const app = await buildApp(config, dependencies, parts)
    await app.ready()
    return { config, dependencies, app, parts, ...track(app, parts) }
  } catch (cause) {
    await holding.release()
    throw cause
  }
}

function track(app: FastifyInstance, { upgrades }: Parts) {
  const retired = Promise.withResolvers<void>()
  let underWay = 0
  let isRetiring = false

  function closeWhenIdle(): void {
    if (isRetiring && underWay === 0) retired.resolve(app.close())
  }

  function leave(): void {
    underWay -= 1
    closeWhenIdle()
  }

  return {
    carry(request: IncomingMessage, response: ServerResponse): void {
      underWay += 1
      // An upgrade outlives its response.
      const carried = upgrades.headOf(request) === undefined ? response : request.socket
      carried.once('close', leave)
      app.routing(request, response)
    },
    /**
     * Releases its parts once its requests, streams and sockets have ended, then resolves. Event streams and WebSockets that the
     * rules of the next generation forbid have been closed before (`proxy/session-watch.ts`).
     */
    retire(): Promise<void> {
      isRetiring = true
      closeWhenIdle()
      return retired.promise
    },
  }
}
