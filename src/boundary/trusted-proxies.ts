import { isIPv4, isIPv6, SocketAddress, BlockList, isIP } from 'node:net'

const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/

/**
 * The canonical text of an IP address: IPv6 in the form of RFC 5952 without a zone; an IPv4 address of a dual-stack socket
 * (`::ffff:192.0.2.1`, RFC 4291 §2.5.5.2) as IPv4. Undefined when the text is not an address.
 */
export function plainAddress(text: string): string | undefined {
  if (isIPv4(text)) return text
  const [address = ''] = text.split('%')
  if (!isIPv6(address)) return undefined
  const { address: canonical } = new SocketAddress({ address, family: 'ipv6' })
  return mapped.exec(canonical)?.[1] ?? canonical
}

const withPort = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::\d{1,5})?$/
const parameter = /^for=/i

/**
 * The address in one entry of `X-Forwarded-For`. Proxies write it plain, with a port (Azure, IIS), in brackets, in quotes, or
 * in the form of RFC 7239 (`for="[2001:db8::7]:443"`). Undefined for `unknown` and any other text that is not an address.
 */
export function forwardedAddress(entry: string): string | undefined {
  const [node = ''] = entry.replace(parameter, '').split(';')
  const text = node.trim().replace(/^"(.*)"$/, '$1')
  const [, literal, plain] = withPort.exec(text) ?? []
  return plainAddress(literal ?? plain ?? text)
}

/** Whether an address belongs to a proxy whose forwarded headers are trusted. */
export type ProxyTrust = (address: string) => boolean

/** Tests whether an address is in one of these CIDR blocks (`10.0.0.0/8`, `fd00::/8`). `unix` matches peers without an address. */
export function createNetworkTest(cidrs: readonly string[]): (address: string) => boolean {
  if (cidrs.length === 0) return () => false
  // Only peers on a Unix socket have no address. The configuration allows `unix` only if a Unix socket is the only listener.
  const trustsUnix = cidrs.includes('unix')
  const blocks = new BlockList()
  for (const cidr of cidrs) if (cidr !== 'unix') addBlock(blocks, cidr)
  return (address) =>
    (trustsUnix && address === '') ||
    (isIP(address) !== 0 && blocks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'))
}

function addBlock(blocks: BlockList, cidr: string): void {
  const [address = '', bits] = cidr.split('/')
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  if (bits === undefined) blocks.addAddress(address, family)
  else blocks.addSubnet(address, Number(bits), family)
}
