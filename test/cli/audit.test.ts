import { join } from 'node:path'

import t from 'tap'

import { createChain } from '../../src/audit/chain.ts'
import { epoch, jane, trailOf } from '../audit/support.ts'
import { folderWith } from '../config/support.ts'
import { runCommand } from '../support/command.ts'

t.test('a trail does not verify if the named checkpoints or keys are missing', async (t) => {
  const { lines, checkpoint, key } = trailOf('w', 3)
  const folder = await folderWith(t, {
    'audit.jsonl': `${lines.join('\n')}\n`,
    checkpoints: `${checkpoint}\n`,
    'jwks.json': JSON.stringify({ keys: [key.publicJwk] }),
  })
  const named = { '--checkpoints': join(folder, 'checkpoints'), '--keys': join(folder, 'jwks.json') }
  const verify = (options: Record<string, string>) =>
    runCommand(['audit', 'verify', join(folder, 'audit.jsonl'), ...Object.entries(options).flat()])
  t.match(await verify(named), { exitCode: 0, out: /^The trail is whole/m })
  for (const option of Object.keys(named)) {
    t.match(
      await verify({ ...named, [option]: join(folder, 'gone') }),
      { exitCode: 2, out: '', err: /^ENOENT.*gone'\.\n$/ },
      option,
    )
  }
})

t.test('a changed configuration is printed with its digest and the options that changed', async (t) => {
  const change = {
    what: 'configuration',
    action: 'changed',
    id: 'd1',
    options: ['routes.admin', 'session.idleTimeout'],
  }
  const line = createChain('w').append({ event: 'config', change }, epoch)
  const folder = await folderWith(t, { 'audit.jsonl': `${line}\n` })
  const { out } = await runCommand(['audit', 'search', '--event', 'config', join(folder, 'audit.jsonl')])
  t.equal(out, `${epoch}  config  allow  configuration changed d1 routes.admin, session.idleTimeout\n`)
})

t.test('a name cannot move the cursor or change the text direction of the output', async (t) => {
  const principal = { ...jane, claims: { ...jane.claims, name: 'Jane\u009b31m\u202eDoe\u001b[2J\n' } }
  const line = createChain('w').append({ event: 'login', principal }, epoch)
  const folder = await folderWith(t, { 'audit.jsonl': `${line}\n` })
  const { out } = await runCommand(['audit', 'search', join(folder, 'audit.jsonl')])
  t.equal(out, `${epoch}  login  Jane·31m·Doe·[2J· = auth0|jane  allow\n`)
})

t.test('a forged record cannot move the cursor in the verdict either', async (t) => {
  const line = createChain('w\u001b[2J\nThe trail is whole').append({ event: 'login', principal: jane }, epoch)
  const folder = await folderWith(t, { 'audit.jsonl': `${line.replace('jane', 'john')}\n` })
  const { out, err } = await runCommand(['audit', 'verify', join(folder, 'audit.jsonl')])
  t.match(out, /^note: writer w·\[2J·The trail is whole did not end in order/)
  t.match(err, /record 1 of writer w·\[2J·The trail is whole was changed/)
  t.notMatch(out + err, '\u001b')
})

t.test('a search until a date includes the records of that day', async (t) => {
  const line = createChain('w').append({ event: 'login', principal: jane }, '2026-03-31T12:00:00.000Z')
  const folder = await folderWith(t, { 'audit.jsonl': `${line}\n` })
  const search = (...filter: string[]) => runCommand(['audit', 'search', ...filter, join(folder, 'audit.jsonl')])
  t.match(await search('--since', '2026-03-31', '--until', '2026-03-31'), { exitCode: 0, out: /login/ })
  t.match(await search('--until', '2026-03-30'), { exitCode: 1, out: /^$/ })
  t.match(await search('--since', '2026-04-01'), { exitCode: 1, out: /^$/ })
})

t.test('a missing trail is named', async (t) => {
  t.match(await runCommand(['audit', 'tail', '/gone.jsonl']), {
    exitCode: 2,
    err: /^\/gone\.jsonl cannot be read: ENOENT/,
  })
})
