import t from 'tap'

import { cases } from '../../bench/cases.ts'
import { readCompareOptions } from '../../bench/compare/options.ts'
import { readOptions } from '../../bench/options.ts'

t.test('without options everything is measured', async (t) => {
  t.match(readOptions([]), {
    cases,
    candidates: undefined,
    peers: { length: 0 },
    seconds: 3,
    rounds: undefined,
    open: 5_000,
  })
})

t.test('cases, candidates and peers are selected by name', async (t) => {
  const args = ['--cases', 'json,overload', '--candidates', 'stagedoor-redis', '--cookie', 'a=b', '--rounds', '2']
  const options = readOptions([...args, '--peer', 'nginx=http://127.0.0.1:8080/'])
  t.same(
    options.cases.map(({ name }) => name),
    ['json', 'overload'],
  )
  t.match(options, { candidates: ['stagedoor-redis'], cookie: 'a=b', rounds: 2 })
  t.same(options.peers, [{ name: 'nginx', url: 'http://127.0.0.1:8080' }])
})

t.test('a misspelt name is an error, and no other case is measured instead', async (t) => {
  for (const [args, message] of [
    [['--cases', 'jsn'], /jsn: choose from json, paced/],
    [['--candidates', 'nginx'], /nginx: choose from undici-relay/],
    [['--peer', 'http://127.0.0.1'], /expected name=http/],
    [['--peer', 'nginx=8080'], /expected name=http/],
    [['--seconds', 'ten'], /--seconds ten/],
    [['--rounds', '0'], /--rounds 0/],
    [['--sceonds', '3'], /Unknown option/],
  ] as const)
    t.throws(() => readOptions(args), { message })
})

t.test('a comparison needs two commits and cases of requests', async (t) => {
  t.match(readCompareOptions(['main', 'HEAD', '--cases', 'json,paced']), {
    commits: ['main', 'HEAD'],
    cases: [{ name: 'json' }, { name: 'paced' }],
    candidates: ['stagedoor'],
    rounds: 10,
  })
  t.throws(() => readCompareOptions(['main']), { message: /expected two commits/ })
  t.throws(() => readCompareOptions(['a', 'b', 'c']), { message: /expected two commits/ })
  t.throws(() => readCompareOptions(['a', 'b', '--cases', 'sockets']), { message: /sockets: choose from json/ })
})
