import assert from 'node:assert/strict'

import * as fc from 'fast-check'
import t from 'tap'

import { fuzzParameters } from '../../fuzz/support.ts'
import { drillSeconds, startReport } from '../support.ts'
import { forms } from './forms.ts'
import { startDesyncGateway } from './gateway.ts'
import { sendAndRead, seenPaths } from './send.ts'
import { readRequests } from './strict-reader.ts'

const oddBytes = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  '\t',
  ' ',
  '\x0b',
  ':',
  ';',
  ',',
  '0',
  '5',
  '\xff',
  '"',
  '\r\n\r\n',
  'chunked',
  '',
]
const mutation = fc.record({
  // Those that pass say more once they are changed.
  form: fc.constantFrom(...forms.filter(({ must }) => must === undefined || must === 'pass')),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  removed: fc.nat(3),
  inserted: fc.constantFrom(...oddBytes),
})

t.test(
  'a request with a few bytes changed at random is refused or read in one way',
  { timeout: 3_600_000 },
  async (t) => {
    const report = startReport(t, 'desync by changed bytes')
    const { port, behind } = await startDesyncGateway(t)
    const isAnswerDue = () => behind.some((upstream) => upstream.isAnswerDue())
    await fc.assert(
      fc.asyncProperty(mutation, fc.constantFrom(...behind), async ({ form, at, removed, inserted }, { name }) => {
        report.inputs += 1
        const bytes = form.bytes(`/${name}/form-${report.inputs}`)
        const cut = Math.floor(at * bytes.length)
        const changed = bytes.slice(0, cut) + inserted + bytes.slice(cut + removed)
        const after = `/${name}/after-${report.inputs}`
        const paths = seenPaths(await sendAndRead(port, changed, after, isAnswerDue))
        report.requests += 2
        assert.equal(paths.filter((path) => path === after).length <= 1, true, 'one answer')
        assert.equal(
          paths.some((path) => path.startsWith('/secret')),
          false,
          'nothing is smuggled',
        )
        if (paths.includes(after)) assert.equal(paths.at(-1), after, 'answers are in order')
      }),
      { seed: fuzzParameters.seed, numRuns: 1_000_000, interruptAfterTimeLimit: drillSeconds * 1_000 },
    )
    for (const { name, written } of behind) {
      const targets = written().flatMap((text) => readRequests(text).map(({ target }) => target))
      t.same(
        targets.filter((target) => !target.startsWith(`/${name}`)),
        [],
        `${name} got what was meant for it`,
      )
      t.ok(targets.length > 0, `${targets.length} requests reached ${name}`)
    }
  },
)
