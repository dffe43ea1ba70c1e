/** Backstage's catalog compares ids without case; Auth0 does not. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t from 'tap'

import { entityNameOf } from '../../packages/assertion-contract/src/index.ts'
import { until } from '../support/until.ts'
import { startTestKit, startTrustingBackstage, userOf } from './stand-in-gateway.ts'

const upper = 'samlp|okta|Ann@example.com'
const lower = 'samlp|okta|ann@example.com'

const directory = await mkdtemp(join(tmpdir(), 'stagedoor-people-'))
t.teardown(() => rm(directory, { recursive: true }))
const people = [
  personOf(entityNameOf(upper), upper),
  personOf(entityNameOf(lower), lower),
  personOf('tom', 'auth0|tom'),
  personOf('tom2', 'auth0|tom'),
]
await writeFile(join(directory, 'people.yaml'), people.map((person) => JSON.stringify(person)).join('\n---\n'))

function personOf(name: string, id: string): object {
  const metadata = { name, annotations: { 'auth0.com/user-id': id } }
  return { apiVersion: 'backstage.io/v1alpha1', kind: 'User', metadata, spec: { memberOf: [] } }
}

const kit = await startTestKit(t)
const rules = [{ allow: ['User', 'Component'] }]
const locations = ['catalog/components.yaml', join(directory, 'people.yaml')]
const backstage = await startTrustingBackstage(t, kit, [{ resolver: 'auth0IdMatchingUserEntityAnnotation' }], {
  config: { catalog: { locations: locations.map((target) => ({ type: 'file', target, rules })) } },
})

await until(async () => (await backstage.signIn({ sub: 'auth0|tom' })).status === 409)

t.test('two people whose Auth0 ids differ in case only are signed in, each as themselves', async (t) => {
  for (const sub of [upper, lower]) {
    const answer = await backstage.signIn({ sub })
    t.equal(userOf(answer), `user:default/${entityNameOf(sub)}`)
  }
})

t.test('a person who is in the catalog twice is told what is wrong', async (t) => {
  const { status, body } = await backstage.signIn({ sub: 'auth0|tom' })
  t.equal(status, 409)
  t.match(body.error?.message, /several User entities.*"auth0.com\/user-id: auth0\|tom"/)
})
