// oxlint-disable typescript/no-misused-promises -- this router waits for its handlers' promises, Express's types do not know
import { text as readText } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setInterval } from 'node:timers/promises'

import type { Request, Response } from 'express'
import createRouter from 'express-promise-router'

const chunkBytes = 64 * 1024

/**
 * - `GET /ready`: 200 once the catalog has read its users and components, else 503
 * - `GET /echo-headers`: the request as it arrived, as JSON
 * - `GET /stream?ticks=5&everyMs=200`: server-sent events, one a tick
 * - `POST /upload`: how many bytes the body had
 * - `POST /notes`: takes `{"text": "…"}` from a signed-in person and says how many it has
 * - `GET /download?bytes=1048576`: that many zero bytes
 */
export function createDemoRouter(countEntities: (kind: string) => Promise<number>) {
  const router = createRouter()
  router.get('/ready', async (_request, response) => {
    const [users, components] = await Promise.all([countEntities('user'), countEntities('component')])
    response.status(users > 0 && components > 0 ? 200 : 503).json({ users, components })
  })
  router.get('/echo-headers', async (request, response) => {
    const { method, originalUrl: url, headers, rawHeaders } = request
    response.json({ method, url, headers, rawHeaders })
  })
  router.get('/stream', sendTicks)
  router.post('/upload', async (request, response) => {
    response.json({ bytes: await countBytes(request) })
  })
  let notes = 0
  router.post('/notes', async (request, response) => {
    const { text } = JSON.parse(await readText(request))
    response.status(201).json({ text, notes: (notes += 1) })
  })
  router.get('/download', async (request, response) => {
    response.type('application/octet-stream')
    await pipeline(zeros(numberIn(request, 'bytes', 1024 * 1024)), response)
  })
  return router
}

/** Ends after the last tick, or when the client goes away. */
async function sendTicks(request: Request, response: Response): Promise<void> {
  const ticks = numberIn(request, 'ticks', 5)
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.flushHeaders()
  try {
    let sent = 0
    for await (const _ of setInterval(numberIn(request, 'everyMs', 200), undefined, { signal: gone.signal })) {
      response.write(`event: tick\ndata: {"tick":${(sent += 1)}}\n\n`)
      if (sent >= ticks) break
    }
    response.end()
  } catch (error) {
    if (!gone.signal.aborted) throw error
  }
}

async function countBytes(body: AsyncIterable<Buffer>): Promise<number> {
  let bytes = 0
  for await (const chunk of body) bytes += chunk.byteLength
  return bytes
}

function* zeros(bytes: number): Generator<Buffer> {
  const chunk = Buffer.alloc(chunkBytes)
  for (let left = bytes; left > 0; left -= chunkBytes) yield left < chunkBytes ? chunk.subarray(0, left) : chunk
}

function numberIn(request: Request, name: string, fallback: number): number {
  const value = Number(request.query[name] ?? fallback)
  return Number.isFinite(value) && value >= 0 ? value : fallback
}
