import type { LocalUser } from '../model.ts'
import { connectionOf, createdAtOf } from './shapes.ts'

type Test = (user: LocalUser) => boolean

/**
 * `GET /users` with `q` (search engine v3) and `sort`, as far as an importer needs them: terms joined by AND over
 * `created_at:[A TO B]`, `identities.connection:"…"`, `user_id:"…"` and `email:"…"`; `sort=created_at:1`.
 * Nothing for a query that is not understood.
 */
export function searchUsers(users: LocalUser[], query: URLSearchParams): LocalUser[] | undefined {
  const sort = query.get('sort')
  if (sort !== null && sort !== 'created_at:1') return undefined
  const tests = testsOf(query.get('q') ?? '')
  if (!tests) return undefined
  const found = tests.length === 0 ? users : users.filter((user) => tests.every((test) => test(user)))
  return sort === null ? found : found.toSorted(byCreation)
}

function byCreation(left: LocalUser, right: LocalUser): number {
  const [first, second] = [createdAtOf(left), createdAtOf(right)]
  if (first === second) return 0
  return first < second ? -1 : 1
}

function testsOf(q: string): Test[] | undefined {
  const terms = q === '' ? [] : q.split(' AND ')
  const tests = terms.map((term) => testOf(term.replace(/^\(+|\)+$/g, ''))).filter((test) => test !== undefined)
  return tests.length === terms.length ? tests : undefined
}

function testOf(term: string): Test | undefined {
  const range = /^created_at:\[(\S+) TO (\S+)\]$/.exec(term)
  if (range) {
    const [, from = '*', to = '*'] = range
    return (user) => (from === '*' || createdAtOf(user) >= from) && (to === '*' || createdAtOf(user) <= to)
  }
  const exact = /^([\w.]+):"(.*)"$/.exec(term)
  const field = exact && Object.hasOwn(fields, exact[1] ?? '') ? fields[exact[1] ?? ''] : undefined
  return field && ((user) => field(user) === exact?.[2])
}

const fields: Record<string, (user: LocalUser) => string> = {
  'identities.connection': connectionOf,
  user_id: ({ id }) => id,
  email: ({ email }) => email,
}
