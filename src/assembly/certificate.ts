import type { Config } from '../config/schema.ts'
import { openCertificate } from '../listener/certificate.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Holding } from './kept-across-reloads.ts'

/** The certificate that clients see, where TLS is ours to do. */
export async function provisionCertificate({ server: { tls } }: Config, logger: Logger, holding: Holding) {
  if (tls === undefined) return undefined
  const { certificate: file, key } = tls
  const certificate = await holding.part({
    name: 'certificate',
    settings: [file, key],
    make: () =>
      openCertificate({
        certificate: file,
        key,
        onChanged: (validTo) => logger.info({ validTo }, 'new connections get another certificate'),
        onFailure: (err) => logger.error({ err }, 'the certificate cannot be read; the one before stays in use'),
      }),
    close: (opened) => opened.close(),
  })
  await certificate.check()
  holding.onInForce(() => void certificate.look())
  return certificate
}
