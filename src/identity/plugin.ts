// This folder: the stage that makes one principal out of session and token.

import fastifyPlugin from 'fastify-plugin'

import { principalOf } from './principal.ts'

/** Makes one principal from the credentials that earlier stages found. */
export const identity = fastifyPlugin(
  async (app) => {
    app.decorateRequest('principal')
    app.addHook('onRequest', (request, _reply, done) => {
      request.principal = principalOf(request.session, request.bearer)
      done()
    })
  },
  { name: 'identity', dependencies: ['session', 'bearer'] },
)
