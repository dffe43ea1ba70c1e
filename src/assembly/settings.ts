import type { Config } from '../config/schema.ts'
import type { SessionLimits } from '../session/session.ts'

/** Whether browsers reach the gateway by https: decides the attributes of cookies. */
export function isSecure({ server }: Config): boolean {
  return server.baseUrl.startsWith('https:')
}

/** The first secret seals, all of them open. */
export function sessionSecrets({ session }: Config): string[] {
  return session.secrets.map((secret) => secret.reveal())
}

export function sessionLimits({ session }: Config): SessionLimits {
  return { idleTimeoutMs: session.idleTimeout, absoluteTimeoutMs: session.absoluteTimeout }
}
