import { isIPv4, isIPv6, SocketAddress, BlockList, isIP } from 'node:net'

const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/

/**
 * One spelling for an IP address: IPv6 as RFC 5952 writes it and without a zone; IPv4 on a dual-stack socket
 * (`::ffff:192.0.2.1`, RFC 4291 §2.5.5.2) is IPv4. Undefined when the text is not an address.
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
 * The address in one entry of `X-Forwarded-For`: proxies write it plain, with a port (Azure, IIS), in brackets, in quotes, or
 * in the form of RFC 7239 (`for="[2001:db8::7]:443"`). Undefined for `unknown` and all else that is no address.
 */
export function forwardedAddress(entry: string): string | undefined {
  const [node = ''] = entry.replace(parameter, '').split(';')
  const text = node.trim().replace(/^"(.*)"$/, '$1')
  const [, literal, plain] = withPort.exec(text) ?? []
  return plainAddress(literal ?? plain ?? text)
}

/** Whether an address belongs to a proxy whose forwarded headers are trusted. */
export type ProxyTrust = (address: string) => boolean

/** Builds the test whether an address is in one of these CIDR blocks, such as `10.0.0.0/8` or `fd00::/8`; `unix` stands for peers without an address. */
export function createNetworkTest(cidrs: readonly string[]): (address: string) => boolean {
  if (cidrs.length === 0) return () => false
  // Only on a Unix socket has a peer no address; configuration allows `unix` where that is the only listener.
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
