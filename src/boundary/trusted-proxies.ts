import { BlockList, isIP } from 'node:net'

/** Whether an address belongs to a proxy whose forwarded headers are trusted. */
export type ProxyTrust = (address: string) => boolean

/** Builds the membership test for CIDR blocks such as `10.0.0.0/8` or `fd00::/8`; `unix` for peers without an address; an empty list trusts none. */
export function createProxyTrust(cidrs: readonly string[]): ProxyTrust {
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
