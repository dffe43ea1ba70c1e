import type { IncomingMessage, ServerResponse } from 'node:http'

import type { FastifyInstance } from 'fastify'

import { buildApp } from '../app.ts'
import type { Dependencies } from '../assembly/dependencies.ts'
import type { Lasting } from '../assembly/kept-across-reloads.ts'
import { type Parts, prepareParts } from '../assembly/provision.ts'
import type { Config } from '../config/schema.ts'

/** The gateway with one configuration, and the requests that it has begun. */
export type Generation = {
  config: Config
  dependencies: Dependencies
  app: FastifyInstance
  parts: Parts
  carry(request: IncomingMessage, response: ServerResponse): void
  /**
   * Gives up its parts once its requests, streams and sockets have ended, and resolves then. Event streams and WebSockets of
   * people that the rules of the next generation forbid were closed before (`proxy/session-watch.ts`).
   */
  retire(): Promise<void>
}

/** Makes the gateway ready for requests, with parts of earlier ones where nothing about them has changed. */
export async function buildGeneration(
  config: Config,
  dependencies: Dependencies,
  lasting: Lasting,
): Promise<Generation> {
  const holding = lasting.hold()
  try {
    const parts = await prepareParts(config, dependencies, holding)
    const app = await buildApp(config, dependencies, parts)
    await app.ready()
    return track({ config, dependencies, app, parts })
  } catch (cause) {
    await holding.release()
    throw cause
  }
}

function track(made: Pick<Generation, 'config' | 'dependencies' | 'app' | 'parts'>): Generation {
  const { app, parts } = made
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
    ...made,
    carry(request, response) {
      underWay += 1
      // An upgrade outlives its response.
      const carried = parts.upgrades.headOf(request) === undefined ? response : request.socket
      carried.once('close', leave)
      app.routing(request, response)
    },
    retire() {
      isRetiring = true
      closeWhenIdle()
      return retired.promise
    },
  }
}
