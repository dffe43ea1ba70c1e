import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import { wantsPage } from '../headers/page-or-script.ts'
import { stepUpPath } from '../oidc/step-up.ts'
import { errorPage } from '../pages/error-page.ts'
import { lineOf } from '../telemetry/request-line.ts'
import { endRequest } from './contain.ts'
import { errorTable } from './error-table.ts'
import { errorViewOf } from './error-view.ts'
import { fromFramework, GatewayError } from './gateway-error.ts'
import { problem, problemHeaders } from './problem.ts'

type ErrorOptions = {
  prefix: string
  baseUrl: string
  /** Origin of the login service. */
  providerOrigin: string
  /** Whether the caller can reach the front page, possibly after a login or a second factor. */
  isPortalOpen: (request: Pick<FastifyRequest, 'principal' | 'facts'>) => boolean
  /** The `WWW-Authenticate` of an error, if it has one. */
  challenge?: ((error: GatewayError, request: FastifyRequest) => string | undefined) | undefined
}

/** Turns every thrown error into an answer: a redirect to login for a navigation without a session, a page for people, or JSON. */
export const errors = fastifyPlugin<ErrorOptions>(
  async (app, { prefix, baseUrl, providerOrigin, isPortalOpen, challenge }) => {
    app.setErrorHandler((thrown: FastifyError | GatewayError, request, reply) => {
      const error = thrown instanceof GatewayError ? thrown : fromFramework(thrown)
      const counted = app.failedAttempts.count(error, request)
      if (counted === undefined) return answer(error, request, reply)
      counted.then(
        (final) => answer(final, request, reply),
        () => answer(error, request, reply),
      )
    })
    app.setNotFoundHandler((request, reply) => answer(new GatewayError('STAGEDOOR_BOUNDARY_NOT_FOUND'), request, reply))

    /** Never throws: Fastify would not report an error in the error handler. */
    function answer(error: GatewayError, request: FastifyRequest, reply: FastifyReply): void {
      try {
        compose(error, request, reply)
      } catch (cause) {
        endRequest(cause, reply.raw, request.log)
      }
    }

    function compose(error: GatewayError, request: FastifyRequest, reply: FastifyReply): void {
      logOnce(error, request, reply)
      reply.headers({ 'x-request-id': request.id, ...error.headers })
      const authenticate = challenge?.(error, request)
      if (authenticate !== undefined) reply.header('www-authenticate', authenticate)
      const loginUrl = loginUrlFor(error, request)
      if (loginUrl !== undefined && isForLogin(error, request)) {
        reply.header('cache-control', 'no-store')
        if (statusOf(error, request) === 302) return void reply.redirect(loginUrl, 302)
        reply.header('location', loginUrl)
      }
      reply.code(statusOf(error, request))
      if (wantsPage(request.headers)) sendPage(error, request, reply, loginUrl)
      else sendProblem(error, request, reply, loginUrl)
    }

    /** The URL to log in; undefined unless the error is a 401. */
    function loginUrlFor(error: GatewayError, { facts }: FastifyRequest): string | undefined {
      if (error.statusCode !== 401 || facts === undefined) return undefined
      const afterwards = error.secondFactor === undefined ? '/' : stepUpPath(prefix, facts.path)
      const returnTo = facts.isNavigation ? facts.path + facts.query : afterwards
      return `${baseUrl}${prefix}/login?return_to=${encodeURIComponent(returnTo)}`
    }

    function sendPage(error: GatewayError, request: FastifyRequest, reply: FastifyReply, loginUrl?: string): void {
      const view = errorViewOf(error, request, { prefix, loginUrl, isPortalOpen: isPortalOpen(request) })
      // The form of “Use another account” is sent to us, and we redirect the browser to the login service.
      reply.sendPage({ ...errorPage(view), formTargets: view.anotherAccount === undefined ? [] : [providerOrigin] })
    }
  },
  { name: 'errors' },
)

/** Whether to redirect to login. A caller with a token is a program, which cannot use a login page. */
function isForLogin({ statusCode, code }: GatewayError, { facts }: Partial<FastifyRequest>): boolean {
  return statusCode === 401 && facts?.isNavigation === true && code !== 'STAGEDOOR_BEARER_REFUSED'
}

// nginx's auth_request accepts 401 and 403, and treats every other refusal as a server error.
function statusOf(error: GatewayError, request: FastifyRequest): number {
  const { statusCode } = error
  const isRefusal = statusCode >= 400 && statusCode < 500
  if (request.facts?.askedBy === 'reads-status') return isRefusal && statusCode !== 401 ? 403 : statusCode
  return isForLogin(error, request) ? 302 : statusCode
}

function sendProblem(error: GatewayError, { id }: FastifyRequest, reply: FastifyReply, loginUrl?: string): void {
  reply
    .headers(problemHeaders)
    .serializer(String)
    .send(JSON.stringify(problem(error, id, loginUrl)))
}

/** Writes the log line of this request: what was requested, and why it was refused. */
function logOnce(error: GatewayError, request: FastifyRequest, reply: FastifyReply): void {
  const { code, detail, cause } = error
  const { level, sentence } = errorTable[code]
  const line = lineOf(request, statusOf(error, request), reply.elapsedTime)
  request.log[level]({ ...line, code, reason: error.reason ?? line.reason, detail, err: cause }, sentence)
  request.isLogged = true
}
