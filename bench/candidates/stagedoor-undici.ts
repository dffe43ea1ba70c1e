/** The whole gateway with a cookie session, over undici's pool in place of its own HTTP/1.1 client. */
import { registerHooks } from 'node:module'

registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.endsWith('http1/connection-pool.ts')) return next(specifier, context)
    return { url: new URL('undici-pool.ts', import.meta.url).href, shortCircuit: true }
  },
})
await import('./stagedoor.ts')
