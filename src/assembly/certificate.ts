import { reasonOf } from '../audit/sinks/sink.ts'
import type { Trail } from '../audit/trail.ts'
import type { Config } from '../config/schema.ts'
import { type CurrentCertificate, openCertificate } from '../listener/certificate.ts'
import { type Condition, condition } from '../telemetry/condition.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Holding } from './kept-across-reloads.ts'

type Surroundings = { logger: Logger; trail: Pick<Trail, 'write'> }

const what = 'certificate of server.tls'

/** The server certificate, when Stagedoor terminates TLS. The audit trail records each change of its files. */
export async function provisionCertificate(
  { server: { tls } }: Config,
  { logger, trail }: Surroundings,
  holding: Holding,
): Promise<CurrentCertificate | undefined> {
  if (tls === undefined) return undefined
  const { certificate: file, key } = tls
  const open = () =>
    openCertificate({
      certificate: file,
      key,
      onChanged(validTo) {
        logger.info({ validTo }, 'the certificate has changed; new connections use the new one')
        trail.write({ event: 'secret', change: { what, action: 'changed' } })
      },
      onFailure(err) {
        logger.error({ err }, 'the new certificate cannot be read; the old one stays in use')
        trail.write({ event: 'secret', change: { what, action: 'refused' } })
      },
    })
  const certificate = await holding.part({
    name: 'certificate',
    settings: [file, key],
    make: () => open().catch(refuse),
    close: (opened) => opened.close(),
  })
  await certificate.check().catch(refuse)
  holding.onInForce(() => void certificate.look())
  return certificate
}

function refuse(cause: unknown): never {
  throw new Error(`the certificate of server.tls cannot be used: ${reasonOf(cause)}`, { cause })
}

export function certificateCondition(certificate: Pick<CurrentCertificate, 'failure'>): Condition {
  const trouble = 'the new files of server.tls cannot be used, see the log; the old certificate stays in use'
  return condition('certificate', certificate.failure() && trouble)
}
