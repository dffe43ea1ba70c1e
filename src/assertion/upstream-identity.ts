/** What the upstream is told of the caller: header fields that only Stagedoor may write. */
export type UpstreamIdentity = {
  /** Flat list `[name, value, name, value, …]`, ready to be appended to the upstream's header list. */
  headers: readonly string[]
  /** True where these headers bring an `Authorization` of ours: the client's is then not forwarded. */
  replacesAuthorization: boolean
}

import type {} from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    upstreamIdentity: UpstreamIdentity | undefined
  }
}
