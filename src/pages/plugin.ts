import type { FastifyReply } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import { type Page, pageHeaders, renderPage, type Look } from './layout.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** Answers with one of our pages. */
    sendPage(page: Page): FastifyReply
  }
}

/** Sends every page, so that all have the same look and the same headers. */
export const pages = fastifyPlugin<{ look: Look }>(
  async (app, { look }) => {
    app.decorateReply('sendPage', function sendPage(this: FastifyReply, page: Page) {
      return this.headers(pageHeaders(page, look)).send(renderPage(page, look))
    })
  },
  { name: 'pages' },
)
