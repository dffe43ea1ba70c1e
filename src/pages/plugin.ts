import type { FastifyReply } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import { type Page, pageHeaders, renderPage, type Look } from './layout.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** Answers with a page of ours. */
    sendPage(page: Page): FastifyReply
  }
}

/** Every page leaves through here, so that all of them have one look and one set of headers. */
export const pages = fastifyPlugin<{ look: Look }>(
  async (app, { look }) => {
    app.decorateReply('sendPage', function sendPage(this: FastifyReply, page: Page) {
      return this.headers(pageHeaders(page, look)).send(renderPage(page, look))
    })
  },
  { name: 'pages' },
)
