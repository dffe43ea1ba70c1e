import { generateKeyPairSync } from 'node:crypto'

import t from 'tap'

import { auth0 } from '../../src/config/options/auth0.ts'

const given = { issuer: 'https://t.eu.auth0.com/', clientId: 'c' }
const pemOf = (type: 'pkcs8' | 'pkcs1', modulusLength: number): string =>
  generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ type, format: 'pem' })
const good = pemOf('pkcs8', 2_048)
const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' })
const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2_048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })

t.test('an application has a secret or a private key', async (t) => {
  t.ok(auth0.safeParse({ ...given, clientSecrets: ['s'] }).success)
  t.ok(auth0.safeParse({ ...given, privateKeys: [good] }).success)
  t.match(auth0.safeParse(given).error?.issues, [{ path: ['clientSecrets'], message: 'at least one secret' }])
  t.notOk(auth0.safeParse({ ...given, clientSecrets: 7 }).success)
})

t.test('private keys are RSA with at least 2048 bits, as PKCS #8 PEM, and at most two', async (t) => {
  for (const bad of ['no key', pemOf('pkcs1', 2_048), pemOf('pkcs8', 1_024), elliptic, pss, good.slice(0, 300)]) {
    const { error } = auth0.safeParse({ ...given, privateKeys: [bad] })
    t.match(error?.issues, [{ path: ['privateKeys', 0], message: /RSA private key/ }])
    t.notMatch(JSON.stringify(error?.issues), bad.slice(30, 60) || bad)
  }
  t.notOk(auth0.safeParse({ ...given, privateKeys: [good, good, good] }).success)
})
