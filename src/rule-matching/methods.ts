import { METHODS } from 'node:http'

/** An upstream that echoes a `TRACE` would show the caller's assertion; `CONNECT` asks for a tunnel past all rules. */
const refusedMethods: readonly string[] = ['CONNECT', 'TRACE']

/** The methods that reach upstreams, and that rules can name: all that Node's HTTP parser knows but the refused ones. */
export const forwardedMethods: readonly string[] = METHODS.filter((method) => !refusedMethods.includes(method))

/** The methods that a rule is about; without a list, all. `GET` covers `HEAD`, which Express gives to the same handler. */
export function coveredMethods(methods: readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (methods === undefined) return undefined
  return new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods)
}
