import t, { type Test } from 'tap'

import { until } from '../../support/until.ts'
import { startReport } from '../support.ts'
import { forms } from './forms.ts'
import type { Form } from './forms/form.ts'
import { originOf, type RecordedUpstream, startDesyncGateway } from './gateway.ts'
import { seenPaths, sendAndRead } from './send.ts'
import { readRequests } from './strict-reader.ts'

t.test('a request that two parsers could read differently is refused, or reaches the upstream as one', async (t) => {
  const report = startReport(t, 'desync over HTTP/1')
  const { port, behind } = await startDesyncGateway(t)
  const isAnswerDue = () => behind.some((upstream) => upstream.isAnswerDue())
  for (const upstream of behind) {
    await t.test(`before ${upstream.name}`, async (t) => {
      for (const [index, form] of forms.entries()) {
        const { name } = upstream
        const answer = await sendAndRead(
          port,
          form.bytes(`/${name}/form-${index}`),
          `/${name}/after-${index}`,
          isAnswerDue,
        )
        judgeAnswer(t, form, answer, name, index)
      }
      await judgeUpstream(t, upstream)
    })
  }
  report.inputs = forms.length * behind.length
  report.requests = 2 * report.inputs
})

function judgeAnswer(t: Test, { what, must }: Form, answer: string, name: string, index: number): void {
  const seen = seenPaths(answer).map((path) => originOf({ target: path }, name))
  t.ok(
    seen.every((origin) => origin?.index === index),
    `${what}: each answer is one to a request of ours`,
  )
  const kinds = seen.map((origin) => origin?.kind)
  t.same(kinds, [...new Set(kinds)], `${what}: one answer each`)
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 400)
  if (must === 'refused' || must === 'broken-off')
    t.ok(status >= 400 && !kinds.includes('form'), `${what}: refused, not ${status}`)
  if (must === 'pass') t.same(kinds, ['form', 'after'], `${what}: passes`)
}

function judgeForm(t: Test, form: Form | undefined, isWhole: boolean): void {
  t.not(form?.must, 'refused', `${form?.what}: must not get to the upstream`)
  if (isWhole) t.not(form?.must, 'broken-off', `${form?.what}: must not get to the upstream as a whole`)
}

async function judgeUpstream(t: Test, { name, written, log }: RecordedUpstream): Promise<void> {
  const requests = written().flatMap((bytes) => readRequests(bytes))
  const counts = new Map<string, number>()
  for (const request of requests) {
    const origin = originOf(request, name)
    t.ok(origin, `${request.target} was not asked for`)
    const key = `${origin?.kind} ${forms[origin?.index ?? -1]?.what}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
    if (origin?.kind === 'form') judgeForm(t, forms[origin.index], request.isWhole)
  }
  t.same(
    [...counts].filter(([, count]) => count > 1),
    [],
    'no request twice',
  )
  if (name === 'haproxy') return
  const whole = requests.filter(({ isWhole }) => isWhole).map(({ target }) => target)
  await until(() => log().length >= whole.length)
  t.same(
    log().filter((target) => !requests.some((request) => request.target === target)),
    [],
    'the upstream read the same requests as we do',
  )
}
