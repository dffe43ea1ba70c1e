import t from 'tap'

import { isMisplaced, isTransientReply, writeRefusalIn } from '../../src/redis/replies.ts'

t.test('an error is classified by its leading code, and one without a code is not', async (t) => {
  const rows: [error: unknown, isTransient: boolean, isElsewhere: boolean, refusal: string | undefined][] = [
    [new Error('LOADING Redis is loading the dataset in memory'), true, false, undefined],
    [new Error('MOVED 3999 127.0.0.1:6381'), true, true, undefined],
    [
      new Error("READONLY You can't write against a read only replica."),
      true,
      true,
      'READONLY: the server is a replica',
    ],
    [new Error("-OOM command not allowed when used memory > 'maxmemory'."), true, false, 'OOM: maxmemory is reached'],
    [new Error('ERR unknown command'), false, false, undefined],
    [new Error('Socket closed unexpectedly'), false, false, undefined],
    ['READONLY', false, false, undefined],
    [undefined, false, false, undefined],
  ]
  for (const [error, isTransient, isElsewhere, refusal] of rows) {
    t.equal(isTransientReply(error), isTransient, String(error))
    t.equal(isMisplaced(error), isElsewhere, String(error))
    t.equal(writeRefusalIn(error), refusal, String(error))
  }
})
