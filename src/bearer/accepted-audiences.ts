import type { Config } from '../config/schema.ts'

/** The audiences that an access token of a machine may have, by issuer. The keys of an issuer without audiences are not fetched. */
export function acceptedAudiences({ machines, auth0 }: Config): Map<string, readonly string[]> {
  const own: [string, readonly string[]][] = machines.audiences.length > 0 ? [[auth0.issuer, machines.audiences]] : []
  return new Map([...own, ...machines.issuers.map((each) => [each.issuer, each.audiences] as const)])
}

/** The expected content of a machine's token, apart from its times. */
export function machineExpectations(config: Config) {
  const { clockTolerance: clockToleranceMs, maxTokenAge: maxTokenAgeMs, deny } = config.machines
  const issuers = acceptedAudiences(config)
  return { issuers, clientIds: [config.auth0.clientId], clockToleranceMs, maxTokenAgeMs, deny }
}
