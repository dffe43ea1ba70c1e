import { upstreamOptions } from '../../src/assembly/upstreams.ts'
import { upstreams } from '../../src/config/options/upstreams.ts'
import type { UpstreamOptions } from '../../src/proxy/upstream-connections.ts'

/** The default options of an upstream, with the overrides of a test. */
export function upstreamWith(own: Partial<UpstreamOptions> & Pick<UpstreamOptions, 'urls'>): UpstreamOptions {
  const { portal } = upstreams.parse({ portal: { url: 'http://127.0.0.1:1' } })
  if (portal === undefined) throw new Error('the upstream is missing')
  return { ...upstreamOptions(portal), ...own }
}
