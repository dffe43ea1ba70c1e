import t from 'tap'

import { ask, encode, goodToken, machinesIn, machineToken } from '../support/machine.ts'
import { startStack } from '../support/stack.ts'

const endless = { server: { failedAttempts: { max: 1_000 } } }
const inherited = Object.getOwnPropertyNames(Object.prototype)

/** An object with one own member of any name. The literal `{ __proto__: … }` would set the prototype. */
const member = (name: string, value: unknown): object =>
  JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(value)}}`)

t.test(
  'a token whose header has a member named like an inherited property is refused, and the process goes on',
  async (t) => {
    const { auth0, url } = await startStack(t, { config: { ...endless, machines: machinesIn } })
    const { header, claims } = goodToken(auth0)
    for (const name of inherited) {
      const forged = [withMember(header, name), encode(claims), 'AAAA'].join('.')
      const { status, body } = await ask(`${url}/`, forged)
      t.equal(status, 401, name)
      t.equal(body['reason'], 'header-unknown', name)
    }
    t.equal((await ask(`${url}/`, machineToken(auth0))).status, 200, 'others are answered')
  },
)

t.test('a claim named like an inherited property changes nothing', async (t) => {
  const { auth0, url } = await startStack(t, { config: { ...endless, machines: machinesIn } })
  for (const name of inherited) {
    for (const value of [1, 'x', ['x'], { x: 1 }]) {
      const claims = member(name, value) as Record<string, unknown>
      t.equal((await ask(`${url}/`, machineToken(auth0, claims))).status, 200, name)
    }
  }
})

t.test('a token whose issuer, audience, key, algorithm or type has such a name is refused or not ours', async (t) => {
  const { auth0, url } = await startStack(t, { config: { ...endless, machines: machinesIn } })
  for (const name of inherited) {
    for (const claim of ['iss', 'aud']) {
      t.equal((await ask(`${url}/`, machineToken(auth0, { [claim]: name }))).status, 401, `${claim}: ${name}`)
    }
    for (const parameter of ['alg', 'kid', 'typ']) {
      const { status } = await ask(`${url}/`, machineToken(auth0, {}, { [parameter]: name }))
      t.equal(status, 401, `${parameter}: ${name}`)
    }
  }
})

function withMember(header: object, name: string): string {
  const [whole] = [JSON.stringify(header)]
  return encode(`${whole.slice(0, -1)},${JSON.stringify(name)}:1}`)
}
