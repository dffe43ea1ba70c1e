import { isIP } from 'node:net'

import { z } from 'zod'

import { refuse } from './refuse.ts'

const shape = 'a network in CIDR form'

/** Whether text is an IPv4 or IPv6 network in CIDR form (RFC 4632, RFC 4291 §2.3). */
export function isNetwork(text: string): boolean {
  const [, address, bits] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  if (address === undefined || bits === undefined) return false
  const version = isIP(address)
  return version !== 0 && Number(bits) <= (version === 4 ? 32 : 128)
}

/** Networks of addresses, separated by commas, so that one variable may name several; `unix` stands for all clients of a Unix socket. */
export function networks() {
  return z.string(shape).transform((text, context): string[] => {
    const names = text.split(',').map((name) => name.trim())
    return names.every((name) => name === 'unix' || isNetwork(name))
      ? names
      : refuse(context, shape, 'write for example 10.0.0.0/8, or 192.0.2.7/32 for one address')
  })
}
