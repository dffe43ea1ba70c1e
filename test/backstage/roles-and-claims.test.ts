/** Backend plugins, permission rules and templates use the roles and claims that sign-in verified. */
import t from 'tap'

import { until } from '../support/until.ts'
import { jane, max, startTestKit, startTrustingBackstage, type Answer } from './stand-in-gateway.ts'

const kit = await startTestKit(t)
const resolvers = [{ resolver: 'auth0IdMatchingUserEntityAnnotation', ownershipFrom: ['roles', 'org_id'] }]
const admin = { sub: jane, roles: ['platform-admin'], groups: ['platform'], org_id: 'org_acme', email: 'j@example.com' }
const developer = { sub: max, roles: ['developer'] }

t.test("a backend plugin gets the caller's Auth0 identity, and refuses by role", async (t) => {
  const backstage = await startTrustingBackstage(t, kit, resolvers)
  const person = await backstage.signIn(admin)
  const { status, body } = await backstage.call(person, '/api/demo/who')
  t.equal(status, 200)
  t.match(body, { ...admin, permissions: { length: 0 } })
  t.notOk('sid' in body || 'exp' in body, 'what is about the assertion and not about the person is left out')

  const start = async (who: Answer) => (await backstage.call(who, '/api/demo/rollouts', { method: 'POST' })).status
  t.equal(await start(person), 201)
  t.equal(await start(await backstage.signIn(developer)), 403)
  t.equal((await fetch(`${backstage.url}/api/demo/who`)).status, 401, 'without a token nobody is anybody')

  await backstage.signIn({ ...admin, roles: [] })
  t.equal(await start(person), 403, 'a role that was taken away is gone for tokens of before, too')
})

t.test("the catalog's permission rules may name roles and claims", async (t) => {
  const condition = (rule: string, params: object) => ({
    pluginId: 'catalog',
    resourceType: 'catalog-entity',
    rule,
    params: { ...params, claims: ['$ownerRefs'] },
  })
  const role = condition('HAS_AUTH0_ROLE', { roles: ['platform-admin', 'sre'] })
  const organization = condition('HAS_AUTH0_CLAIM', { claim: 'org_id', values: ['org_acme'] })
  const rules = [
    { name: 'admins delete', what: { names: ['catalog.entity.delete'] }, when: { condition: role } },
    { name: 'acme reads', what: { names: ['catalog.entity.read'] }, when: { condition: organization } },
  ]
  const backstage = await startTrustingBackstage(t, kit, resolvers, {
    config: { permission: { stagedoor: { rules, default: 'deny' } } },
  })
  const mayDelete = async (who: Answer): Promise<string> => {
    const permission = {
      type: 'resource',
      name: 'catalog.entity.delete',
      resourceType: 'catalog-entity',
      attributes: {},
    }
    const body = JSON.stringify({ items: [{ id: '1', permission, resourceRef: 'component:default/storefront' }] })
    const answer = await backstage.call(who, '/api/permission/authorize', { method: 'POST', body })
    return answer.body.items[0].result
  }
  const seen = async (who: Answer): Promise<number> =>
    (await backstage.call(who, '/api/catalog/entities/by-query?filter=kind=component')).body.totalItems
  const person = await backstage.signIn(admin)
  t.equal(await mayDelete(person), 'ALLOW')
  t.ok((await seen(person)) > 0, 'lists are filtered by the same rule')
  const other = await backstage.signIn(developer)
  t.equal(await mayDelete(other), 'DENY')
  t.equal(await seen(other), 0)
})

t.test('a template can have steps that depend on a role', async (t) => {
  const backstage = await startTrustingBackstage(t, kit, resolvers)
  const logOf = async (claims: typeof developer): Promise<string> => {
    const person = await backstage.signIn(claims)
    const body = JSON.stringify({ templateRef: 'template:default/new-service', values: { name: 'billing' } })
    const post = async () => backstage.call(person, '/api/scaffolder/v2/tasks', { method: 'POST', body })
    // The catalog reads the template in the background.
    let task = await post()
    await until(async () => task.status === 201 || (task = await post()).status === 201)
    const path = `/api/scaffolder/v2/tasks/${task.body.id}`
    await until(async () => ['completed', 'failed'].includes((await backstage.call(person, path)).body.status))
    return JSON.stringify((await backstage.call(person, `${path}/events`)).body)
  }
  const ofAdmin = await logOf(admin)
  t.match(ofAdmin, `Registered by ${jane}`, 'by an expression of the template')
  t.match(ofAdmin, 'Budget reserved', 'and by a permission')
  const ofDeveloper = await logOf(developer)
  t.match(ofDeveloper, 'Made for user:default/max')
  t.match(ofDeveloper, /Skipping step register/)
  t.notMatch(ofDeveloper, /Registered by|Budget reserved|"budget"/, 'the others have no such step')
})
