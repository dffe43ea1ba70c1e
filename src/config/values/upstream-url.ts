import { z } from 'zod'

import { readOrigin } from './origin.ts'
import { refuse } from './refuse.ts'

const socketShape = 'unix: and the absolute path of a socket'

/** Where an upstream answers: an http(s) origin, or `unix:/path` for a socket on this machine. */
export function upstreamUrl() {
  const example = 'http://127.0.0.1:7007'
  return z
    .string('an http:// or https:// URL without path, query, user or password, or unix:/path')
    .transform((text, context): string => {
      if (!text.startsWith('unix:')) return readOrigin(text, context, { example, httpsUnlessLoopback: false })
      if (/^unix:\/(?!\/)[^\0?#]+$/.test(text)) return text
      return refuse(context, socketShape, 'write for example unix:/run/backstage/http.sock')
    })
}
