import { type ClientHttp2Session, connect, constants } from 'node:http2'

/** A client that sends one request after the other over HTTP/2, on one connection until it gets GOAWAY. */
export type Http2Client = {
  statuses: (number | undefined)[]
  /** Codes of reset streams, except for refused ones, which a client sends again. */
  failures: (number | undefined)[]
  stop(): Promise<void>
}

export function startHttp2Client({ port }: { port: number }, cookie: string): Http2Client {
  const client: Http2Client = { statuses: [], failures: [], stop }
  let session = open()
  let isStopped = false
  const stopped = askOn()

  function open(): ClientHttp2Session {
    const opened = connect(`https://localhost:${port}`, { rejectUnauthorized: false })
    // Each stream reports its own error.
    return opened.on('error', () => undefined)
  }

  async function askOn(): Promise<void> {
    while (!isStopped) {
      if (session.closed || session.destroyed) session = open()
      await askOnce()
    }
    session.destroy()
  }

  function askOnce(): Promise<void> {
    return new Promise((resolve) => {
      const stream = session.request({ ':path': '/catalog', cookie, 'sec-fetch-mode': 'cors' })
      let status: number | undefined
      stream.on('response', (headers) => void (status = headers[':status']))
      stream.on('error', () => undefined)
      stream.on('close', () => {
        const { rstCode } = stream
        if (rstCode === constants.NGHTTP2_NO_ERROR && status !== undefined) client.statuses.push(status)
        // RFC 9113 §8.7: refused means that nothing was done.
        else if (rstCode !== constants.NGHTTP2_REFUSED_STREAM) client.failures.push(rstCode)
        resolve()
      })
      stream.resume()
    })
  }

  async function stop(): Promise<void> {
    isStopped = true
    await stopped
  }

  return client
}
