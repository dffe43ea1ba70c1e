import { type Request, type Response, Router } from 'express'

import type { WrittenRule } from './arbitraries.ts'

/**
 * The name of the rule to which Express would route a request, if each rule were a route of the router
 * that Backstage uses. Express ignores hosts.
 */
export function expressRouting(rules: readonly Pick<WrittenRule, 'name' | 'path' | 'methods'>[]) {
  const router = Router()
  let routed: string | undefined
  for (const { name, path, methods } of rules) {
    const reach = (): void => void (routed = name)
    const pattern = expressPattern(path)
    if (path.endsWith('/**')) mountTree(router, pattern, methods, reach)
    else if (methods === undefined) router.all(pattern, reach)
    else for (const method of methods) router[method.toLowerCase() as 'get'](pattern, reach)
  }
  return (method: string, url: string): string | undefined => {
    routed = undefined
    // A minimal request for routing. A reached handler does not continue.
    const request = { method, url } as Request
    router(request, {} as Response, () => {})
    return routed
  }
}

/** `router.use` has no methods, so a middleware usually passes on other methods itself. */
function mountTree(router: Router, path: string, methods: readonly string[] | undefined, reach: () => void): void {
  const isMeant = (method: string): boolean =>
    methods === undefined || methods.includes(method) || (method === 'HEAD' && methods.includes('GET'))
  router.use(path, (request, _response, next) => (isMeant(request.method) ? reach() : next()))
}

function expressPattern(path: string): string {
  const plain = path.endsWith('/**') ? path.slice(0, -3) : path
  const segments = plain.split('/').map((segment, index) => (segment === '*' ? `:p${index}` : segment))
  return segments.join('/') === '' ? '/' : segments.join('/')
}
