import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { ConnectionOptions } from 'node:tls'

import { counted } from '../../config/values/quantities.ts'
import { hasProxy } from '../../process/outgoing-fetch.ts'
import type { CheckContext } from './check-context.ts'
import { type Check, type Fault, nothingToAsk, type Outcome } from './check.ts'
import { shakeHands } from './low-level-requests.ts'

/** Ciphers without forward secrecy (TLS_RSA), or in CBC mode, which has had many attacks. Auth0 rejects them since June 2026. */
const oldCiphers = [
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  ...['', 'ECDHE-RSA-', 'ECDHE-ECDSA-'].flatMap((exchange) =>
    ['AES128-SHA', 'AES256-SHA', 'AES128-SHA256', exchange === '' ? 'AES256-SHA256' : 'AES256-SHA384'].map(
      (cipher) => exchange + cipher,
    ),
  ),
]

const dayMs = 86_400_000
/** A certificate that expires within this time should have been renewed. */
const soonDays = 14

const oldVersions: ConnectionOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' }
const oldCiphersOnly: ConnectionOptions = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
  ciphers: oldCiphers.join(':'),
}

/** Checks of certificates, TLS versions and ciphers, for connections from browsers to the gateway and from here to Auth0. */
export const tlsChecks: readonly Check[] = [
  {
    id: 'certificate',
    title: 'certificates are valid for two weeks at least',
    severity: 'warning',
    meaning: 'Browsers refuse the site, and Backstage cannot fetch Stagedoor’s keys.',
    fix: 'Renew it; server.tls takes up new files within 10 s.',
    run: checkCertificates,
  },
  {
    id: 'tls',
    title: 'old TLS is refused at server.baseUrl',
    severity: 'warning',
    meaning: 'TLS before 1.2 is broken (RFC 8996): an attacker on the network may read or change the traffic.',
    fix: 'Allow only TLS 1.2 and 1.3 where TLS ends: at the ingress (nginx: ssl_protocols TLSv1.2 TLSv1.3). server.tls does so already.',
    unless: ['dns', 'base-url'],
    async run({ config }) {
      const url = new URL(config.server.baseUrl)
      if (url.protocol !== 'https:') return nothingToAsk
      const version = await shakeHands(url, oldVersions)
      if (version !== undefined) return `${url.host} accepts ${version.protocol}`
      const cipher = await shakeHands(url, oldCiphersOnly)
      return (
        cipher && {
          severity: 'info',
          found: `${url.host} accepts the old cipher ${cipher.cipher}`,
          meaning: 'Current browsers choose a better one. Auditors ask for ECDHE with GCM or ChaCha20 only.',
          fix: 'Where TLS ends, leave out ciphers with CBC and those without ECDHE (nginx: ssl_ciphers). server.tls does so already.',
        }
      )
    },
  },
  {
    id: 'auth0-tls',
    title: 'TLS to Auth0 is up to date',
    severity: 'warning',
    meaning: 'Auth0 has refused such ciphers since June 2026, so another machine answers in place of Auth0.',
    fix: 'Update the proxy or firewall that inspects TLS, or exempt the tenant’s domain from inspection.',
    unless: ['auth0-discovery'],
    /** Runs only without an outgoing proxy, because it connects directly. With a proxy, `auth0-discovery` reports a failed handshake. */
    async run({ config, env }) {
      const url = new URL(config.auth0.issuer)
      if (url.protocol !== 'https:' || hasProxy(env)) return nothingToAsk
      const handshake = await shakeHands(url)
      if (handshake === undefined || !oldCiphers.includes(handshake.cipher)) return undefined
      return `the connection to ${url.host} uses ${handshake.protocol} with ${handshake.cipher}`
    },
  },
]

async function checkCertificates({ config, now }: CheckContext): Promise<Outcome> {
  const { baseUrl, tls } = config.server
  const served = baseUrl.startsWith('https:') ? await shakeHands(new URL(baseUrl)) : undefined
  const file = tls && (await readFile(tls.certificate, 'utf8').catch(() => undefined))
  const all = new Map<string, X509Certificate | undefined>()
  if (served?.certificate) all.set(baseUrl, served.certificate)
  if (tls && file !== undefined) all.set(tls.certificate, certificateIn(file))
  if (all.size === 0) return nothingToAsk
  const faults: (string | Fault)[] = []
  for (const [place, certificate] of all) {
    if (certificate === undefined) {
      faults.push({ severity: 'error', found: `${place} holds no certificate in PEM form` })
      continue
    }
    const days = Math.floor((Date.parse(certificate.validTo) - now()) / dayMs)
    if (days < 0) faults.push({ severity: 'error', found: `the certificate of ${place} has expired` })
    else if (days < soonDays) faults.push(`the certificate of ${place} expires in ${counted(days, 'day')}`)
  }
  return faults
}

function certificateIn(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}
