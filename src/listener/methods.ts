import type { FastifyInstance } from 'fastify'

import { forwardedMethods } from '../config/route-patterns.ts'

/** Makes routes for `all` methods cover every one that rules can name; Fastify begins with eight. Before any route. */
export function acceptMethods(app: FastifyInstance): void {
  for (const method of forwardedMethods) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true })
  }
}
