import t from 'tap'

import { type ProxyFailureCode, failureCodeOf } from '../../src/proxy/failure.ts'

const rows: [code: string | undefined, beforeAnAnswer: ProxyFailureCode, behindOne?: ProxyFailureCode][] = [
  ['UPSTREAM_CONNECT_TIMEOUT', 'STAGEDOOR_PROXY_TIMEOUT'],
  ['UPSTREAM_HEAD_TIMEOUT', 'STAGEDOOR_PROXY_TIMEOUT'],
  ['ETIMEDOUT', 'STAGEDOOR_PROXY_TIMEOUT'],
  ['UPSTREAM_BODY_TIMEOUT', 'STAGEDOOR_BOUNDARY_REQUEST_TIMEOUT'],
  ['UPSTREAM_HEAD_TOO_LARGE', 'STAGEDOOR_PROXY_ANSWER_HEADERS_TOO_LARGE'],
  ['UPSTREAM_UNREADABLE', 'STAGEDOOR_PROXY_BAD_RESPONSE'],
  ['ERR_INVALID_CHAR', 'STAGEDOOR_PROXY_BAD_RESPONSE'],
  ['ECONNREFUSED', 'STAGEDOOR_PROXY_UNREACHABLE', 'STAGEDOOR_PROXY_BAD_RESPONSE'],
  [undefined, 'STAGEDOOR_PROXY_UNREACHABLE', 'STAGEDOOR_PROXY_BAD_RESPONSE'],
]

for (const [code, beforeAnAnswer, behindOne = beforeAnAnswer] of rows) {
  t.test(`an error with ${code ?? 'no code'} is ${beforeAnAnswer}`, async (t) => {
    const error = Object.assign(new Error('fails'), code === undefined ? {} : { code })
    t.equal(failureCodeOf(error, false), beforeAnAnswer)
    t.equal(failureCodeOf(error, true), behindOne)
  })
}
