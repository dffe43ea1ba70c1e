import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import t from 'tap'

import { createChain } from '../../src/audit/chain.ts'
import { decided, epoch, jane, temporaryFolder } from '../audit/support.ts'
import { runCommand } from '../support/command.ts'

// JSON does not escape U+2028 and U+2029, and `node:readline` ends a line at each. A search did not find a person with one in the name,
// and the trail looked changed.
t.test('a search finds a name with a Unicode line separator, and the trail verifies', async (t) => {
  const chain = createChain('w')
  const records = ['Jane\u2028Doe', 'Jane\u2029Doe', 'Jane\u0085Doe'].map((name) =>
    chain.append({ ...decided, principal: { ...jane, claims: { ...jane.claims, name } } }, epoch),
  )
  const path = join(await temporaryFolder(t), 'audit.jsonl')
  for (const end of ['\n', '\r\n']) {
    // Longer than one read, so that a line has to be joined.
    const long = chain.append({ event: 'login-refused', reason: 'x'.repeat(200_000) }, epoch)
    records.push(long)
    await writeFile(path, `${records.join(end)}${end}${end}`)
    const { out, err } = await runCommand(['audit', 'verify', path])
    t.match(out, new RegExp(`^The trail is whole: ${records.length} records`, 'm'), err)
    const found = await runCommand(['audit', 'search', '--person', 'auth0|jane', '--json', path])
    t.equal(found.out.trim().split('\n').length, 3)
  }
})
