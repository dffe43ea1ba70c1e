import t from 'tap'

import { findInTenant, type Found } from '../../../src/cli/setup/found.ts'
import { planOf } from '../../../src/cli/setup/plan.ts'
import type { Wanted } from '../../../src/cli/setup/wanted.ts'

const wanted: Wanted = {
  api: { name: 'Api', identifier: 'https://portal.example.com/api' },
  web: { name: 'Web', callbacks: ['https://portal.example.com/callback'] },
  events: { name: 'Events' },
  grant: { audience: 'https://tenant/api/v2/', scope: ['read:events'] },
  role: { name: 'admin' },
  action: { name: 'Action', code: 'code' },
}

const complete: Found = {
  api: { id: '1', ...wanted.api },
  web: { id: '2', ...wanted.web },
  events: { id: '3', name: 'Events' },
  grant: { id: '4', scope: ['read:events'] },
  role: { id: '5', name: 'admin' },
  action: { id: '6', isDeployed: true, isOurs: true },
  bindings: [{ id: '7', actionName: 'Action' }],
}

const rows: [what: string, change: Partial<Found>, steps: object[]][] = [
  ['nothing is missing', {}, []],
  ['names of their own', { api: { ...complete.api, id: '1', name: 'Theirs' }, web: { ...complete.web, id: '2' } }, []],
  ['no deployment', { action: { id: '6', isDeployed: false, isOurs: true } }, [{ kind: 'deploy', id: '6' }]],
  ['no grant', { grant: undefined }, [{ kind: 'grant', audience: wanted.grant.audience, scope: ['read:events'] }]],
  [
    'a grant with less',
    { grant: { id: '4', scope: ['read:users'] } },
    [{ kind: 'update', what: 'grant', id: '4', body: { scope: ['read:users', 'read:events'] } }],
  ],
  [
    'an Action that is in no flow',
    { bindings: [{ id: '8', actionName: 'Other' }] },
    [{ kind: 'bind', bindingIds: ['8'], name: 'Action' }],
  ],
  ['no application', { web: undefined }, [{ kind: 'create', what: 'web', body: wanted.web }]],
]

for (const [what, change, steps] of rows) {
  t.test(`a tenant with ${what} needs ${steps.length === 0 ? 'no step' : 'only that step'}`, async (t) => {
    const plan = planOf(wanted, { ...complete, ...change })
    t.same(
      plan.map(({ step }) => step),
      steps,
    )
  })
}

t.test('without events neither the events application nor its grant is planned', async (t) => {
  t.same(planOf({ ...wanted, events: undefined }, { ...complete, events: undefined, grant: undefined }), [])
})

t.test('an application is found on the last of many pages, in any format of lists', async (t) => {
  const page = (number: number) =>
    Array.from({ length: number === 0 ? 100 : 1 }, (_, index) => ({
      client_id: `${number}.${index}`,
      name: `c${number}`,
    }))
  const expect = async (_statuses: readonly number[], _method: string, path: string) => {
    const number = Number(/^clients\?page=(\d+)/.exec(path)?.[1] ?? Number.NaN)
    if (path.startsWith('actions/triggers')) return { bindings: [{ id: 'b' }], total: 1 }
    return (Number.isNaN(number) ? {} : page(number)) as Record<string, unknown>
  }
  t.match(await findInTenant(expect, { ...wanted, web: { name: 'c1' } }, undefined), {
    web: { id: '1.0' },
    api: undefined,
    bindings: [{ id: 'b' }],
  })
})
