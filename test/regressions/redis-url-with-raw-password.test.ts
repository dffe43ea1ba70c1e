import t from 'tap'

import { refusalOfRedisUrl } from '../../src/config/values/addresses.ts'
import { least, load, problemsIn } from '../config/support.ts'

const good = [
  'redis://redis',
  'redis://redis:6379',
  'rediss://redis:6379/',
  'redis://redis:6379/2',
  'redis://:secret@redis:6379',
  'redis://user:p%2Fa%23b%40c%3Fd@redis:6379/0',
  'redis://[2001:db8::7]:6379',
  'redis://default:a,b;c!d@redis',
]

const bad = [
  'redis://user:hunter/2@redis:6379',
  'redis://user:12/hunter@redis:6379',
  'redis://user:12#hunter@redis:6379',
  'redis://user:hunter#2@redis:6379',
  'redis://user:hunt@er@redis:6379',
  'redis://:12?hunter@redis:6379',
  'redis://user:hun%ter@redis:6379',
  'redis://redis:6379/hunter',
  'redis://redis:6379/0/1',
  'redis://redis:6379/0?hunter=1',
  'redis://redis:6379#hunter',
  'redis://',
  'redis://:hunter@',
  'redis://red is:6379',
  'http://hunter',
  'hunter',
]

t.test(
  'a Redis URL whose password is not percent-encoded is refused with the remedy and without showing it',
  async (t) => {
    for (const url of good) {
      t.equal(refusalOfRedisUrl(url), undefined, url)
      await load(t, { 'a.yaml': least, 'b.yaml': `session: { redis: { url: '${url}' } }` })
    }
    for (const url of bad) {
      const problems = await problemsIn(t, { 'a.yaml': least, 'b.yaml': `session: { redis: { url: '${url}' } }` })
      t.match(problems, [{ fix: /\S/ }], url)
      t.notMatch(JSON.stringify(problems), /hunt|ter@|12/, url)
    }
    t.match(refusalOfRedisUrl('redis://user:a/b@redis:6379'), [/redis/, /%2F.*session\.redis\.password/])
  },
)
