import { METHODS } from 'node:http'

/** An upstream that echoes a `TRACE` would reveal the assertion to the caller. `CONNECT` requests a tunnel, which bypasses all rules. */
const refusedMethods: readonly string[] = ['CONNECT', 'TRACE']

/** The methods that are forwarded and that rules can name: all that Node's HTTP parser knows, except the refused ones. */
export const forwardedMethods: readonly string[] = METHODS.filter((method) => !refusedMethods.includes(method))

/** The methods that a rule covers; undefined stands for all. `GET` covers `HEAD`, which Express routes to the same handler. */
export function coveredMethods(methods: readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (methods === undefined) return undefined
  return new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods)
}
