import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import t from 'tap'

import { createChain } from '../../src/audit/chain.ts'
import { decided, epoch, jane, temporaryFolder } from '../audit/support.ts'
import { runCommand } from '../support/command.ts'

// U+2028 and U+2029 stand in JSON as they are, and `node:readline` ends a line at each. Whoever had one in their name was in no search,
// and made the trail look changed.
t.test('somebody whose name has a line separator of Unicode is found, and the trail is whole', async (t) => {
  const chain = createChain('w')
  const records = ['Jane\u2028Doe', 'Jane\u2029Doe', 'Jane\u0085Doe'].map((name) =>
    chain.append({ ...decided, principal: { ...jane, claims: { ...jane.claims, name } } }, epoch),
  )
  const path = join(await temporaryFolder(t), 'audit.jsonl')
  for (const end of ['\n', '\r\n']) {
    // Longer than what is read at once, so that a line is put together again.
    const long = chain.append({ event: 'login-refused', reason: 'x'.repeat(200_000) }, epoch)
    records.push(long)
    await writeFile(path, `${records.join(end)}${end}${end}`)
    const { out, err } = await runCommand(['audit', 'verify', path])
    t.match(out, new RegExp(`^The trail is whole: ${records.length} records`, 'm'), err)
    const found = await runCommand(['audit', 'search', '--person', 'auth0|jane', '--json', path])
    t.equal(found.out.trim().split('\n').length, 3)
  }
})
