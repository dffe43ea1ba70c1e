import { createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto'

import t from 'tap'

import type { LocalAuth0 } from '../../auth0/local/server.ts'
import { ask, encode, forge, goodToken, machinesIn, machineToken } from '../support/machine.ts'
import { startStack } from '../support/stack.ts'

type Row = readonly [what: string, token: string, reason: string]

t.test('every mutation of a valid token is refused for its own reason and reaches no upstream', async (t) => {
  const asked: string[] = []
  const spy: typeof fetch = (input, init) => {
    asked.push(input instanceof Request ? input.url : input.toString())
    return fetch(input, init)
  }
  let stoppedAt: number | undefined
  const stack = await startStack(t, {
    now: () => stoppedAt ?? Date.now(),
    config: { machines: { ...machinesIn, maxTokenAge: '2h' }, server: { failedAttempts: { max: 1000 } } },
    fetch: spy,
  })
  const { auth0, origin, url } = stack
  t.equal((await ask(`${url}/`, machineToken(auth0))).status, 200, 'the token they are made of is good')
  // An unknown key allows one fetch from the issuer. The rows below must not cause another.
  await ask(`${url}/`, machineToken(auth0, {}, { kid: 'never-seen' }))
  const before = { upstream: origin.seen.length, outbound: asked.length }

  // Stop the clock from here on: a token that is just too old or too new must not become valid meanwhile.
  stoppedAt = Date.now()
  const rows = mutations(auth0, Math.floor(stoppedAt / 1000))
  t.ok(rows.length >= 60, `${rows.length} rows`)
  for (const [what, token, reason] of rows) {
    const { status, body, headers } = await ask(`${url}/`, token)
    t.match({ ...body, status }, { status: 401, reason, code: 'STAGEDOOR_BEARER_REFUSED' }, what)
    t.match(headers['www-authenticate'], /^Bearer error="invalid_token"/, what)
  }
  t.same({ upstream: origin.seen.length, outbound: asked.length }, before, 'nobody was asked')
})

function mutations(auth0: LocalAuth0, nowSeconds: number): Row[] {
  return [...unsigned(auth0), ...confused(auth0), ...headers(auth0), ...shapes(auth0), ...claims(auth0, nowSeconds)]
}

function unsigned(auth0: LocalAuth0): Row[] {
  const { header, claims } = goodToken(auth0)
  const none = ['none', 'None', 'NONE', 'nOnE', 'noNE'].flatMap((alg): Row[] => [
    [`alg ${alg}, empty signature`, `${encode({ ...header, alg })}.${encode(claims)}.`, 'algorithm-none'],
    [`alg ${alg}, signed all the same`, forge(auth0.signingKey(), { ...header, alg }, claims), 'algorithm-none'],
  ])
  const good = machineToken(auth0)
  const input = good.slice(0, good.lastIndexOf('.'))
  return [
    ...none,
    ['signature left out', `${input}.`, 'not-canonical'],
    ['signature of zeros', `${input}.${encode('\0'.repeat(256))}`, 'signature'],
    ['psychic signature (r = s = 0) under ES256', psychic(auth0), 'key-mismatch'],
    ['short signature', `${input}.AAAA`, 'signature'],
    ['signature of another token', `${input}.${machineToken(auth0, { sub: 'x' }).split('.')[2]}`, 'signature'],
    ['one claim changed after signing', withClaims(good, { ...claims, scope: 'admin' }), 'signature'],
    [
      'header changed after signing',
      `${encode({ ...header, typ: 'at+jwt' })}.${good.split('.').slice(1).join('.')}`,
      'signature',
    ],
    ['signed by another key with our kid', forge(strangersKey(), header, claims), 'signature'],
  ]
}

function confused(auth0: LocalAuth0): Row[] {
  const { header, claims } = goodToken(auth0)
  const publicKey = createPublicKey({ key: auth0.signingKey(), format: 'jwk' })
  const pem = publicKey.export({ type: 'spki', format: 'pem' })
  const hmac = (alg: string, secret: string | Buffer): string => {
    const input = `${encode({ ...header, alg })}.${encode(claims)}`
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  }
  const key = auth0.signingKey()
  return [
    ['HS256 with the public key as secret', hmac('HS256', pem), 'algorithm-symmetric'],
    ['HS256 with the modulus as secret', hmac('HS256', String(key.n)), 'algorithm-symmetric'],
    ['hs256 in small letters', hmac('hs256', pem), 'algorithm-symmetric'],
    ['HS512', hmac('HS512', pem), 'algorithm-symmetric'],
    ['RS512 where the key says RS256', forge(key, { ...header, alg: 'RS512' }, claims), 'key-mismatch'],
    ['PS256 where the key says RS256', forge(key, { ...header, alg: 'PS256' }, claims), 'key-mismatch'],
    ['ES256 with an RSA key', forge(key, { ...header, alg: 'ES256' }, claims), 'key-mismatch'],
    ['RS1', forge(key, { ...header, alg: 'RS1' }, claims), 'algorithm-unknown'],
    ['rs256 in small letters', forge(key, { ...header, alg: 'rs256' }, claims), 'algorithm-unknown'],
    ['alg left out', forge(key, { ...header, alg: undefined }, claims), 'algorithm-unknown'],
    ['alg a list', forge(key, { ...header, alg: ['RS256'] }, claims), 'algorithm-unknown'],
    [
      'alg __proto__',
      forge(key, `{"alg":"__proto__","typ":"JWT","kid":"${String(header['kid'])}"}`, claims),
      'algorithm-unknown',
    ],
  ]
}

function headers(auth0: LocalAuth0): Row[] {
  const { header, claims } = goodToken(auth0)
  const withHeader = (more: object): string => forge(auth0.signingKey(), { ...header, ...more }, claims)
  const evil = 'http://127.0.0.1:9/keys'
  return [
    ['jku', withHeader({ jku: evil }), 'header-key-reference'],
    ['x5u', withHeader({ x5u: evil }), 'header-key-reference'],
    ['jwk', withHeader({ jwk: strangersKey() }), 'header-key-reference'],
    ['x5c', withHeader({ x5c: ['MIIB'] }), 'header-key-reference'],
    ['x5t', withHeader({ x5t: 'abc' }), 'header-key-reference'],
    ['crit', withHeader({ crit: ['exp'] }), 'header-critical'],
    ['empty crit', withHeader({ crit: [] }), 'header-critical'],
    ['b64 false', withHeader({ b64: false }), 'header-critical'],
    ['zip', withHeader({ zip: 'DEF' }), 'header-compressed'],
    ['cty JWT', withHeader({ cty: 'JWT' }), 'header-nested'],
    ['enc', withHeader({ enc: 'A256GCM' }), 'header-unknown'],
    ['a parameter nobody knows', withHeader({ hello: 1 }), 'header-unknown'],
    ['kid left out', withHeader({ kid: undefined }), 'key-id-missing'],
    ['kid a number', withHeader({ kid: 7 }), 'key-id-malformed'],
    ['kid a path', withHeader({ kid: '../../dev/null' }), 'key-id-malformed'],
    ['kid a query', withHeader({ kid: "' OR 1=1 --" }), 'key-id-malformed'],
    ['kid a URL', withHeader({ kid: evil }), 'key-id-malformed'],
    ['kid empty', withHeader({ kid: '' }), 'key-id-malformed'],
    ['kid that nobody has', withHeader({ kid: 'somebody-elses' }), 'key-unknown'],
    ['kid constructor', withHeader({ kid: 'constructor' }), 'key-unknown'],
    ['typ logout+jwt', withHeader({ typ: 'logout+jwt' }), 'logout-token'],
    ['typ left out', withHeader({ typ: undefined }), 'type-unknown'],
    ['typ dpop+jwt', withHeader({ typ: 'dpop+jwt' }), 'type-unknown'],
    ['typ of our own assertion', withHeader({ typ: 'stagedoor-assertion+jwt' }), 'type-unknown'],
    ['typ of Backstage', withHeader({ typ: 'vnd.backstage.user' }), 'backstage-token'],
  ]
}

function shapes(auth0: LocalAuth0): Row[] {
  const good = machineToken(auth0)
  const [head = '', body = '', signature = ''] = good.split('.')
  const { header, claims } = goodToken(auth0)
  const json = JSON.stringify(claims)
  const key = auth0.signingKey()
  return [
    ['opaque', 'kqT2x1MZ0wFzNsuT6dUrEQ', 'opaque'],
    ['empty', '', 'opaque'],
    ['JWE', `${encode({ alg: 'dir', enc: 'A256GCM' })}..aaaa.bbbb.cccc`, 'encrypted'],
    ['JWE bomb', `${encode({ alg: 'dir', enc: 'A256GCM', zip: 'DEF' })}..aa.${'A'.repeat(4000)}.cc`, 'encrypted'],
    ['PBES2 with a billion rounds', `${encode({ alg: 'PBES2-HS256+A128KW', p2c: 1e9 })}.a.a.a.a`, 'encrypted'],
    ['two parts', `${head}.${body}`, 'segments'],
    ['four parts', `${good}.AAAA`, 'segments'],
    ['a hundred parts', '.'.repeat(99), 'segments'],
    ['oversized', machineToken(auth0, { filler: 'x'.repeat(9_000) }), 'too-large'],
    ['trailing bytes in the signature', `${good}AA!`, 'not-canonical'],
    ['trailing equals sign', `${good}=`, 'not-canonical'],
    ['other unused bits in the last character', `${good.slice(0, -1)}${neighbour(signature)}`, 'not-canonical'],
    ['a space inside', `${head} .${body}.${signature}`, 'not-canonical'],
    [
      'base64 in place of base64url',
      `${head}.${Buffer.from(`${json}  ??>>`).toString('base64')}.${signature}`,
      'not-canonical',
    ],
    ['empty claims part', `${head}..${signature}`, 'not-canonical'],
    ['header not JSON', `${encode('hello')}.${body}.${signature}`, 'header-not-json'],
    ['header a list', `${encode('[]')}.${body}.${signature}`, 'header-not-json'],
    [
      'header with a byte order mark',
      `${encode(`\uFEFF${JSON.stringify(header)}`)}.${body}.${signature}`,
      'header-not-json',
    ],
    ['claims null', forge(key, header, 'null'), 'claims-not-json'],
    ['claims a string', forge(key, header, '"x"'), 'claims-not-json'],
    [
      'claims nested a thousand deep',
      forge(key, header, `{"a":${'['.repeat(1000)}${']'.repeat(1000)}}`),
      'claims-not-json',
    ],
    ['another token inside', forge(key, header, good), 'claims-not-json'],
    ['alg twice', forge(key, JSON.stringify(header).replace('{', '{"alg":"none",'), claims), 'repeated-header'],
    ['iss twice', forge(key, header, json.replace('{', '{"iss":"https://evil.example/",')), 'repeated-claim'],
    ['exp twice, once escaped', forge(key, header, json.replace('{', '{"\\u0065xp":1,')), 'repeated-claim'],
  ]
}

function claims(auth0: LocalAuth0, now: number): Row[] {
  const withClaim = (more: object): string => machineToken(auth0, { ...more })
  const raw = (exp: string): string => {
    const { header, claims } = goodToken(auth0)
    const text = JSON.stringify({ ...claims, exp: 0 }).replace('"exp":0', `"exp":${exp}`)
    return forge(auth0.signingKey(), header, text)
  }
  return [
    ['exp left out', withClaim({ exp: undefined }), 'expiry-missing'],
    ['exp a string', raw(`"${now + 60}"`), 'expiry-malformed'],
    ['exp null', raw('null'), 'expiry-malformed'],
    ['exp infinite', raw('1e999'), 'expiry-malformed'],
    ['exp beyond all integers', raw('9007199254740993000'), 'expiry-malformed'],
    ['exp a fraction', raw(`${now + 60}.5`), 'expiry-malformed'],
    ['exp negative', raw('-1'), 'expiry-malformed'],
    ['exp a list', raw(`[${now + 60}]`), 'expiry-malformed'],
    ['exp true', raw('true'), 'expiry-malformed'],
    ['expired', withClaim({ exp: now - 11 }), 'expired'],
    ['exp in milliseconds of long ago', withClaim({ exp: 0 }), 'expired'],
    ['iat left out', withClaim({ iat: undefined }), 'issued-at-missing'],
    ['iat a string', withClaim({ iat: String(now) }), 'issued-at-malformed'],
    ['iat in the future', withClaim({ iat: now + 60 }), 'issued-in-future'],
    ['iat in milliseconds', withClaim({ iat: now * 1000 }), 'issued-in-future'],
    ['too old', withClaim({ iat: now - 7_300 }), 'too-old'],
    ['nbf in the future', withClaim({ nbf: now + 60 }), 'not-yet-valid'],
    ['nbf a string', withClaim({ nbf: 'now' }), 'not-yet-valid'],
    ['iss left out', withClaim({ iss: undefined }), 'issuer-missing'],
    ['iss a list', withClaim({ iss: [auth0.issuer] }), 'issuer-missing'],
    ['iss without its slash', withClaim({ iss: auth0.issuer.slice(0, -1) }), 'issuer-slash'],
    ['iss of another tenant', withClaim({ iss: 'https://evil.eu.auth0.com/' }), 'issuer-unknown'],
    ['aud left out', withClaim({ aud: undefined }), 'audience-missing'],
    ['aud of another API', withClaim({ aud: 'https://other.example.com/api' }), 'audience-mismatch'],
    ['aud with another slash', withClaim({ aud: `${auth0.audience}/` }), 'audience-mismatch'],
    ['aud a map', withClaim({ aud: { [auth0.audience]: true } }), 'audience-missing'],
    ['aud a list with a number', withClaim({ aud: [auth0.audience, 1] }), 'audience-missing'],
    ['aud our client id: an ID token', withClaim({ aud: auth0.clientId }), 'id-token'],
    ['nonce: an ID token', withClaim({ nonce: 'n' }), 'id-token'],
    ['at_hash: an ID token', withClaim({ at_hash: 'h' }), 'id-token'],
    ['events: a logout token', withClaim({ events: {} }), 'logout-token'],
    ['sub left out', withClaim({ sub: undefined }), 'subject-missing'],
    ['sub a number', withClaim({ sub: 1 }), 'subject-missing'],
    ['sub with a space at its end', withClaim({ sub: 'a@clients ' }), 'subject-malformed'],
    ['no client named', withClaim({ azp: undefined }), 'client-missing'],
    ['bound to a key', withClaim({ cnf: { jkt: 'x' } }), 'sender-constrained'],
    ['a person', withClaim({ gty: undefined, sub: 'auth0|1' }), 'not-a-machine'],
    ['@clients of another client', withClaim({ gty: undefined, sub: 'other@clients' }), 'not-a-machine'],
  ]
}

function withClaims(token: string, claims: object): string {
  const [header, , signature] = token.split('.')
  return `${header}.${encode(claims)}.${signature}`
}

function psychic(auth0: LocalAuth0): string {
  const { header, claims } = goodToken(auth0)
  return `${encode({ ...header, alg: 'ES256' })}.${encode(claims)}.${encode('\0'.repeat(64))}`
}

function strangersKey() {
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
}

/** 256 bytes leave two unused bits in the last character: the next letter encodes the same bytes. */
function neighbour(signature: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet[alphabet.indexOf(signature.at(-1) ?? '') + 1] ?? '_'
}
