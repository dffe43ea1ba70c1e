/** Values of `Sec-Fetch-Dest` (Fetch Metadata) for files that are the same for everyone. */
const assetDestinations = new Set(['audio', 'font', 'image', 'manifest', 'script', 'style', 'track', 'video', 'worker'])

const assetPath = /\.(?:avif|css|eot|gif|ico|jpe?g|js|map|mjs|mp4|otf|png|svg|ttf|wasm|webm|webp|woff2?)$/i

type Asked = { method: string; path: string; destination: string | undefined }

/** Whether a request is for a file that operators often configure caches to keep, whatever its answer says. */
export function isForAsset({ method, path, destination }: Asked): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  return assetDestinations.has(destination ?? '') || assetPath.test(path)
}

/** Fields that can make a cache keep an answer in spite of its `Cache-Control`. */
const overrides = ['surrogate-control', 'cdn-cache-control', 'x-accel-expires']

/**
 * Whether an answer allows shared caches to store it (RFC 9111 §3). An answer without caching headers does not count: we can make it
 * private.
 * @param valueOf reads a field of the answer by its name in lower case
 */
export function allowsSharing(valueOf: (name: string) => string | undefined): boolean {
  if (overrides.some((name) => valueOf(name) !== undefined)) return true
  const control = valueOf('cache-control')?.toLowerCase() ?? ''
  if (/\b(?:no-store|private)\b/.test(control)) return false
  if (/\b(?:public|immutable)\b|\b(?:s-maxage|max-age)\s*=\s*"?0*[1-9]/.test(control)) return true
  const expires = valueOf('expires') ?? ''
  return control === '' && expires.endsWith('GMT') && !(Date.parse(expires) <= Date.parse(valueOf('date') ?? ''))
}

/** The `Cache-Control` of an answer that sets one of our cookies. */
export const privateAnswer = 'private, no-store'
