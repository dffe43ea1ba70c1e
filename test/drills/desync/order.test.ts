import { connect } from 'node:net'

import t from 'tap'

import { startStack } from '../../support/stack.ts'
import { patienceMs } from '../../support/until.ts'
import { startReport } from '../support.ts'
import { forms } from './forms.ts'
import type { Form } from './forms/form.ts'

const body = '0123456789'
/** How long the first answer stays half sent. */
const pauseMs = 50
const atOnce = 60

t.test(
  'bytes after an unanswered request get no answer before or within its answer',
  { timeout: 600_000 },
  async (t) => {
    const report = startReport(t, 'answers in order')
    const { directUrl } = await startStack(t, {
      upstream(request, response) {
        request.resume()
        response.writeHead(200, { 'x-seen': request.url, 'content-length': body.length }).write(body.slice(0, 5))
        setTimeout(() => response.end(body.slice(5)), request.url?.includes('before') ? pauseMs : 0)
      },
    })
    const port = Number(new URL(directUrl).port)
    for (let start = 0; start < forms.length; start += atOnce) {
      const batch = forms.slice(start, start + atOnce)
      await Promise.all(batch.map(async (form, i) => judge(form, start + i, await sendBehind(port, form, start + i))))
    }
    report.inputs = forms.length
    report.requests = 2 * forms.length

    function judge({ what, must }: Form, index: number, answer: string): void {
      // An early close is a refusal, too.
      if (answer === '' && must !== 'pass') return
      const [, head = '', rest = ''] = /^(HTTP\/1\.1 200 [^]*?\r\n\r\n)([^]*)$/.exec(answer) ?? []
      t.match(head, `x-seen: /public/before-${index}\r\n`, `${what}: ${JSON.stringify(answer.slice(0, 40))}`)
      t.ok(body.startsWith(rest.slice(0, body.length)), `${what}: ${JSON.stringify(rest.slice(0, 40))}`)
    }
  },
)

/**
 * Returns the bytes that arrive until the gateway closes, or is silent for a while after the first answer.
 * @throws Error when it neither answers nor closes
 */
function sendBehind(port: number, { what, bytes }: Form, index: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      answer += chunk
      if (answer.includes(body)) socket.setTimeout(pauseMs)
    })
    socket.setTimeout(patienceMs).on('timeout', () => {
      const had = `${what}: neither an answer nor an end for ${patienceMs / 1_000} s behind ${JSON.stringify(answer)}`
      if (!answer.includes(body)) reject(new Error(had))
      socket.destroy()
    })
    socket.on('error', () => undefined).on('close', () => resolve(answer))
    const before = `GET /public/before-${index} HTTP/1.1\r\nHost: localhost\r\n\r\n`
    socket.write(Buffer.from(before + bytes(`/public/form-${index}`), 'latin1'))
  })
}
