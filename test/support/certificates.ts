import { execFileSync } from 'node:child_process'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Test } from 'tap'

export type CertificateFolder = {
  certificate: string
  key: string
  /** Replaces certificate and key with new ones of this common name. */
  issue(commonName: string): Promise<void>
}

const ellipticKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']

/** A folder with a certificate for localhost, made by openssl. */
export async function startCertificates(
  t: Test,
  commonName = 'first',
  newKey = ellipticKey,
): Promise<CertificateFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-certificates-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const certificate = join(folder, 'tls.crt')
  const key = join(folder, 'tls.key')

  async function issue(name: string): Promise<void> {
    const fresh = { cert: `${certificate}.new`, key: `${key}.new` }
    const made = [...newKey, '-nodes', '-days', '2']
    const files = ['-keyout', fresh.key, '-out', fresh.cert]
    const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
    execFileSync('openssl', ['req', '-x509', ...made, ...files, ...subject], { stdio: 'ignore' })
    await rename(fresh.key, key)
    await rename(fresh.cert, certificate)
  }

  await issue(commonName)
  return { certificate, key, issue }
}
