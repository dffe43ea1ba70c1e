/** The header fields that tell an upstream who the caller is; only Stagedoor may write them. */
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
