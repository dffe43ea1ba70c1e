import assert from 'node:assert/strict'

import * as fc from 'fast-check'
import t from 'tap'

import { fuzzParameters } from '../../fuzz/support.ts'
import { drillSeconds, startReport } from '../support.ts'
import { forms } from './forms.ts'
import { post } from './forms/form.ts'
import { originOf, startDesyncGateway } from './gateway.ts'
import { probeOf, sendAndRead, seenPaths } from './send.ts'
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
  // Forms that pass show more when they are mutated.
  form: fc.constantFrom(...forms.filter(({ must }) => must === undefined || must === 'pass')),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  removed: fc.nat(3),
  inserted: fc.constantFrom(...oddBytes),
})

/** Mutations that a lenient parser accepts, each in a plain request with a body. Random mutations find them too rarely. */
const lenient: readonly [what: string, was: string, is: string][] = [
  ['two lengths', 'Content-Length: 5', 'Content-Length: 5\r\nContent-Length: 6'],
  ['a length and a coding', 'Content-Length: 5', 'Content-Length: 15\r\nTransfer-Encoding: chunked'],
  ['a folded line', 'Host: ', 'X-A: b\r\n c\r\nHost: '],
  ['a line that ends in LF', 'localhost\r\n', 'localhost\n'],
  ['a line that ends in CR', 'localhost\r\n', 'localhost\r'],
  ['a head that ends in LF', '5\r\n\r\n', '5\r\n\n'],
]
const plain = post(['Content-Length: 5'], 'hello')

/** Whether the head has a part that no parser may accept: a bare CR or LF, a folded line, or two lengths (RFC 9112 §2.2, §5.2 and §6.3). */
function mustBeRefused(bytes: string): boolean {
  // Parsers skip empty lines before a request (RFC 9112 §2.2).
  const [head = ''] = bytes.replace(/^[\r\n]+/, '').split('\r\n\r\n', 1)
  const lines = head.split('\r\n')
  const framings = lines.filter((line) => /^(?:content-length|transfer-encoding):/i.test(line))
  return framings.length > 1 || lines.some((line, i) => /[\r\n]/.test(line) || (i > 0 && /^[ \t]/.test(line)))
}

t.test(
  'a mutated request, random or as lenient parsers accept it, is refused or has one reading',
  { timeout: 3_600_000 },
  async (t) => {
    const report = startReport(t, 'desync by changed bytes')
    const { port, behind } = await startDesyncGateway(t)
    const isAnswerDue = () => behind.some((upstream) => upstream.isAnswerDue())
    const refused = new Set<number>()

    async function judge(name: string, change: (path: string) => string): Promise<void> {
      const index = (report.inputs += 1)
      const changed = change(`/${name}/form-${index}`)
      const after = `/${name}/after-${index}`
      const paths = seenPaths(await sendAndRead(port, changed, after, isAnswerDue))
      report.requests += 2
      assert.equal(paths.filter((path) => path === after).length <= 1, true, 'one answer')
      assert.equal(
        paths.some((path) => path.startsWith('/secret')),
        false,
        'nothing is smuggled',
      )
      if (paths.includes(after)) assert.equal(paths.at(-1), after, 'answers are in order')
      if (mustBeRefused(changed + probeOf(after))) {
        refused.add(index)
        assert.deepEqual(paths, [], 'what no parser may take is not taken')
      }
    }

    for (const { name } of behind) {
      for (const [what, was, is] of lenient) {
        await t.resolves(
          judge(name, (path) => plain(path).replace(was, is)),
          `${what}, before ${name}`,
        )
      }
    }
    t.equal(refused.size, lenient.length * behind.length)

    await fc.assert(
      fc.asyncProperty(mutation, fc.constantFrom(...behind), ({ form, at, removed, inserted }, { name }) =>
        judge(name, (path) => {
          const bytes = form.bytes(path)
          const cut = Math.floor(at * bytes.length)
          return bytes.slice(0, cut) + inserted + bytes.slice(cut + removed)
        }),
      ),
      { seed: fuzzParameters.seed, numRuns: 1_000_000, interruptAfterTimeLimit: drillSeconds * 1_000 },
    )
    for (const { name, written } of behind) {
      const targets = written().flatMap((text) => readRequests(text).map(({ target }) => target))
      t.same(
        targets.filter(
          (target) => !target.startsWith(`/${name}`) || refused.has(originOf({ target }, name)?.index ?? 0),
        ),
        [],
        `${name} got what was meant for it, and nothing that must be refused`,
      )
      t.ok(targets.length > 0, `${targets.length} requests reached ${name}`)
    }
  },
)
