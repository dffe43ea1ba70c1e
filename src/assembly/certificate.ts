import type { Config } from '../config/schema.ts'
import { openCertificate } from '../listener/certificate.ts'
import type { Logger } from '../telemetry/logger.ts'

/** The certificate that clients see, where TLS is ours to do. */
export async function provisionCertificate({ server: { tls } }: Config, logger: Logger) {
  return (
    tls &&
    openCertificate({
      ...tls,
      onChanged: (validTo) => logger.info({ validTo }, 'new connections get another certificate'),
      onFailure: (err) => logger.error({ err }, 'the certificate cannot be read; the one before stays in use'),
    })
  )
}
