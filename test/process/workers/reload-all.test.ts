import t, { type Test } from 'tap'

import { refusalFor } from '../../../src/process/last-reload.ts'
import { createQuestions } from '../../../src/process/workers/ask-workers.ts'
import { reloadAll, reloadWithPrimary } from '../../../src/process/workers/reload-all.ts'
import { least, load } from '../../config/support.ts'

/** Workers without processes. Each gives its one answer to every question; a worker without an answer stays silent. */
async function reloading(t: Test, given: ReadonlyMap<number, Record<string, unknown>>) {
  const questions = createQuestions()
  const asked: string[] = []
  const renewed: number[] = []
  const counts: number[] = []
  const refusals: unknown[] = []
  for (const [worker, answers] of given) {
    questions.join(worker, (message) => {
      if (message.kind !== 'ask') return
      asked.push(`${worker} ${message.topic}`)
      questions.answer(worker, message.question, answers[message.topic])
    })
  }
  const reloadable = reloadAll(
    {
      questions,
      serving: () => questions.workers(),
      use: ({ count }) => void counts.push(count),
      renew: (worker) => void renewed.push(worker),
      noteRefusal: (refusal) => void refusals.push(refusal),
    },
    ({ texts, config }) => ({ count: 3, texts, listen: config.server.listen }),
  )
  const loaded = await load(t, { 'a.yaml': least })
  return { reloadable, loaded, asked, renewed, counts, refusals }
}

t.test('a configuration takes effect once every worker has prepared it', async (t) => {
  const able = { prepare: '', 'put-in-force': true }
  const { reloadable, loaded, asked, renewed, counts } = await reloading(
    t,
    new Map([
      [1, able],
      [2, able],
    ]),
  )
  t.equal(await reloadable.prepare(loaded), undefined)
  t.equal(await reloadable.putInForce(), true)
  t.same(asked, ['1 prepare', '2 prepare', '1 put-in-force', '2 put-in-force'])
  t.same([counts, renewed], [[3], []])
  t.equal(await reloadable.putInForce(), false, 'nothing is prepared any more')
})

t.test('a worker that cannot prepare a configuration says why, and the others discard it', async (t) => {
  const given = new Map([
    [1, { prepare: '', refuse: true }],
    [2, { prepare: 'the port is taken', refuse: true }],
  ])
  const { reloadable, loaded, asked } = await reloading(t, given)
  t.equal(await reloadable.prepare(loaded), 'the port is taken')
  await reloadable.refuse(refusalFor('the port is taken'))
  t.same(asked.slice(2), ['1 refuse', '2 refuse'])
  t.equal(await reloadable.putInForce(), false)
})

t.test('a worker that does not answer stops the reload of the others, unless it has ended', async (t) => {
  const { reloadable, loaded } = await reloading(
    t,
    new Map<number, Record<string, unknown>>([
      [1, { prepare: '' }],
      [2, {}],
    ]),
  )
  t.match(await reloadable.prepare(loaded), /see its log lines/)
})

t.test('a worker that does not apply a configuration is replaced', async (t) => {
  const given = new Map([
    [1, { prepare: '', 'put-in-force': true }],
    [2, { prepare: '', 'put-in-force': false }],
  ])
  const { reloadable, loaded, renewed } = await reloading(t, given)
  await reloadable.prepare(loaded)
  t.equal(await reloadable.putInForce(), true)
  t.same(renewed, [2])
})

t.test('the primary and every worker record unusable files', async (t) => {
  const { reloadable, asked, refusals } = await reloading(t, new Map([[1, { refuse: true }]]))
  const refusal = refusalFor('stagedoor.yaml:3')
  await reloadable.refuse(refusal)
  t.same([asked, refusals], [['1 refuse'], [refusal]])
})

t.test('a worker prepares and applies the configuration of the primary, and records refused ones', async (t) => {
  const loaded = await load(t, { 'a.yaml': least })
  const answers = new Map<string, (detail: string) => unknown>()
  const done: unknown[] = []
  let reason: string | undefined
  reloadWithPrimary(
    { answer: (topic, give) => void answers.set(topic, give) },
    {
      prepare: async (prepared) => {
        done.push(prepared === loaded)
        return reason
      },
      putInForce: async () => true,
      refuse: async (refusal) => void done.push(refusal),
    },
    async (texts) => {
      done.push([...texts])
      return loaded
    },
  )
  const texts = [['a.yaml', least]]
  t.equal(await answers.get('prepare')?.(JSON.stringify(texts)), '')
  reason = 'the port is taken'
  t.equal(await answers.get('prepare')?.(JSON.stringify(texts)), reason)
  t.equal(await answers.get('put-in-force')?.(''), true)
  const refusal = refusalFor('stagedoor.yaml:3')
  await answers.get('refuse')?.(JSON.stringify(refusal))
  t.same(done, [texts, true, texts, true, JSON.parse(JSON.stringify(refusal))])
})
