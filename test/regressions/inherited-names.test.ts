import t from 'tap'

import { readPath } from '../../src/boundary/request-target.ts'
import { createPolicy } from '../../src/policy/policy.ts'
import { folderWith, least, problemsFrom } from '../config/support.ts'
import { inheritedNames } from '../fuzz/support.ts'
import { rules, user, now } from '../policy/support.ts'
import { machinesIn, machineToken } from '../support/machine.ts'
import { exchange } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

t.test('names of inherited properties are ordinary names', { timeout: 300_000 }, async (t) => {
  const stack = await startStack(t, { config: { machines: machinesIn } })
  const statusOf = async (head: string, body = ''): Promise<number> => {
    const answer = await exchange(
      stack.url,
      `${head}\r\nHost: localhost\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    )
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])
  }
  const form = 'Content-Type: application/x-www-form-urlencoded\r\nOrigin: http://localhost'
  for (const name of inheritedNames) {
    const rows: [place: string, status: number, head: string, body?: string][] = [
      ['header name', 200, `GET /public/x HTTP/1.1\r\n${name}: x`],
      ['header named in Connection', 200, `GET /public/x HTTP/1.1\r\nConnection: ${name}`],
      ['query key', 200, `GET /public/x?${name}=1&${name}[${name}]=2 HTTP/1.1`],
      ['query key of ours', 302, `GET /.stagedoor/login?${name}=1 HTTP/1.1\r\nSec-Fetch-Mode: navigate`],
      ['form key', 403, `POST /.stagedoor/logout HTTP/1.1\r\n${form}`, `${name}=1`],
      ['cookie name', 200, `GET /public/x HTTP/1.1\r\nCookie: ${name}=1; stagedoor=${name}; stagedoor-tx.${name}=x`],
      ['path', 200, `GET /public/${name} HTTP/1.1`],
      ['path of ours', 404, `GET /.stagedoor/${name} HTTP/1.1`],
      ['state', 400, `GET /.stagedoor/callback?state=${name}&code=x HTTP/1.1\r\nSec-Fetch-Mode: navigate`],
      [
        'token',
        401,
        `GET /a HTTP/1.1\r\nAuthorization: Bearer ${machineToken(stack.auth0, JSON.parse(`{"${name}":1,"aud":"${name}"}`), JSON.parse(`{"${name}":1,"kid":"${name}"}`))}`,
      ],
    ]
    for (const [place, status, head, body] of rows) t.equal(await statusOf(head, body), status, `${name} as ${place}`)
    const token = machineToken(stack.auth0, JSON.parse(`{"${name}":{"${name}":1},"scope":"${name}"}`))
    t.equal(await statusOf(`GET /a HTTP/1.1\r\nAuthorization: Bearer ${token}`), 200, `${name} as claim and scope`)
    t.match(readPath(`/${name}`), { path: `/${name}` })
  }
  const page = await stack.parts.telemetry.metrics.registry.metrics()
  t.match(page, 'stagedoor')
})

t.test('only people with a role or group of such a name have it', async (t) => {
  for (const name of inheritedNames) {
    const policy = createPolicy({
      routes: rules([
        {
          name: `r${name.replaceAll('_', '')}`,
          path: '/**',
          allow: { any: [{ roles: [name] }, { groups: [name] }, { claims: { [`https://x/${name}`]: [name] } }] },
        },
      ]),
      upstreams: { backstage: {} },
      admin: { allow: { roles: [name] } },
      contact: 'us',
    })
    const asked = { method: 'GET', path: `/${name}`, host: name }
    t.equal(policy.decide(user({}), asked, now).effect, 'deny', name)
    t.equal(policy.decide(user({ roles: [name] }), asked, now).effect, 'allow', name)
    t.equal(policy.decide(user({ groups: [name] }), asked, now).effect, 'allow', name)
  }
})

t.test('a YAML key of such a name is an unknown option, and a rule or upstream may have it', async (t) => {
  for (const name of inheritedNames) {
    for (const written of [
      `${name}: 1`,
      `server: { ${name}: 1 }`,
      `routes: [{ name: a, path: /**, allow: authenticated, ${name}: 1 }]`,
      `routes: [{ name: a, path: /**, allow: authenticated, upstream: ${name} }]`,
    ]) {
      const folder = await folderWith(t, { 'a.yaml': least, 'b.yaml': written })
      t.ok((await problemsFrom([`${folder}/a.yaml`, `${folder}/b.yaml`])).length > 0, written)
    }
  }
})
