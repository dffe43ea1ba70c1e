import { lookup } from 'node:dns/promises'

import { fingerprint } from '../../config/fingerprints.ts'
import { hostOf } from '../../config/values/addresses.ts'
import type { SendJson } from '../json-client.ts'
import { CommandFailed } from '../run-action.ts'

/** The state that every process of every replica must reach: the secret is in the option's list, or is its first entry (`isFirst`). */
export type Expected = { option: string; secret: string; isFirst: boolean }

/** The addresses that lack the secret. @param replicas admin listeners; a host name with several addresses means all of them */
export async function whoLacks(replicas: readonly string[], expected: Expected, send: SendJson): Promise<string[]> {
  const urls = (await Promise.all(replicas.map(addressesOf))).flat()
  const lacking = await Promise.all(urls.map(async (url) => ((await holds(url, expected, send)) ? [] : [url])))
  return lacking.flat()
}

async function holds(url: string, { option, secret, isFirst }: Expected, send: SendJson): Promise<boolean> {
  const { status, body } = await send(`${url}/secrets`).catch(() => ({
    status: 0,
    body: {} as Record<string, unknown>,
  }))
  const { processes } = body as { processes?: Record<string, string[]>[] }
  if (status !== 200 || processes === undefined || processes.length === 0) return false
  const wanted = fingerprint(secret.trim())
  return processes.every((secrets) => {
    const held = secrets[option] ?? []
    return isFirst ? held[0] === wanted : held.includes(wanted)
  })
}

/** The addresses of a replica's host name. A headless service in Kubernetes has one address for each pod. */
async function addressesOf(replica: string): Promise<string[]> {
  const url = new URL(replica)
  const host = hostOf(url)
  const found = await lookup(host, { all: true }).catch((cause: unknown) => {
    throw new CommandFailed(
      `the host name of --replica ${replica} has no address: check the name, and the DNS of this machine`,
      { cause },
    )
  })
  // `localhost` has an IPv4 and an IPv6 address, but only one listener.
  if (found.length === 1 || host === 'localhost') return [url.origin]
  return found.map(({ address, family }) => {
    url.hostname = family === 6 ? `[${address}]` : address
    return url.origin
  })
}
