/** The methods that a rule is about; without a list, all. `GET` covers `HEAD`, which Express gives to the same handler. */
export function coveredMethods(methods: readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (methods === undefined) return undefined
  return new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods)
}
