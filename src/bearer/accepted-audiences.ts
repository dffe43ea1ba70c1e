import type { Config } from '../config/schema.ts'

/** The accepted audiences of machine access tokens, by issuer. Keys are not fetched for an issuer without audiences. */
export function acceptedAudiences({ machines, auth0 }: Config): Map<string, readonly string[]> {
  const own: [string, readonly string[]][] = machines.audiences.length > 0 ? [[auth0.issuer, machines.audiences]] : []
  return new Map([...own, ...machines.issuers.map((each) => [each.issuer, each.audiences] as const)])
}

/** The values that a machine's token is checked against. */
export function machineExpectations(config: Config) {
  const { clockTolerance: clockToleranceMs, maxTokenAge: maxTokenAgeMs, deny } = config.machines
  const issuers = acceptedAudiences(config)
  return { issuers, clientIds: [config.auth0.clientId], clockToleranceMs, maxTokenAgeMs, deny }
}
