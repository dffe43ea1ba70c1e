/** How a function fails: it throws at once, or returns a promise that rejects. */
export type FaultKind = 'throws' | 'rejects'

/** Functions that a test can make fail, one at a time. */
export type Faults = {
  /** Wraps an object, so that every function below it is called through here. */
  within: <Root extends object>(name: string, root: Root) => Root
  /** Makes the function at this path fail from now on. Without a path no function fails. */
  fail(path?: string, kind?: FaultKind): void
  /** The functions called since the last call of this one, with the ways in which each can fail. */
  called(): Map<string, FaultKind[]>
}

export function createFaults(): Faults {
  const known = new WeakMap<object, object>()
  let called = new Map<string, FaultKind[]>()
  let failing: { path: string; kind: FaultKind } | undefined

  function call(path: string, run: () => unknown): unknown {
    if (failing?.path !== path) {
      const result = run()
      called.set(path, result instanceof Promise ? ['throws', 'rejects'] : ['throws'])
      return result
    }
    const error = new Error(`injected into ${path}`)
    if (failing.kind === 'rejects') return Promise.reject(error)
    throw error
  }

  function wrapFunction(path: string, given: (...args: unknown[]) => unknown, owner: object): unknown {
    return (...args: unknown[]) => call(path, () => Reflect.apply(given, owner, args))
  }

  function wrap(path: string, value: unknown, owner: object): unknown {
    if (typeof value === 'function') return wrapFunction(path, value as () => unknown, owner)
    if (value instanceof Map)
      return new Map([...value].map(([key, item]) => [key, wrap(`${path}.${key}`, item, value)]))
    return isOfOurs(value) ? wrapObject(path, value) : value
  }

  function wrapObject(path: string, target: object): object {
    const before = known.get(target)
    if (before !== undefined) return before
    const wrapped = new Proxy(target, {
      // Getters of classes need the object itself, whose private members a proxy does not have.
      get: (_, key) => {
        const value: unknown = Reflect.get(target, key, target)
        return typeof key === 'symbol' || isFixed(target, key) ? value : wrap(`${path}.${key}`, value, target)
      },
    })
    known.set(target, wrapped)
    return wrapped
  }

  return {
    within: <Root extends object>(name: string, root: Root) => wrapObject(name, root) as Root,
    fail(path, kind = 'throws') {
      failing = path === undefined ? undefined : { path, kind }
    },
    called() {
      const before = called
      called = new Map()
      return before
    },
  }
}

/** Objects of libraries and of Node check their identity, so they are not wrapped. */
function isOfOurs(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const { constructor } = value
  return (
    constructor === Object ||
    constructor === undefined ||
    /^class (?:Line|Pace|Session|Upstream)/.test(String(constructor))
  )
}

/** Whether a `Proxy` has to return this property unchanged (an invariant of the language). */
function isFixed(target: object, key: string): boolean {
  const property = Object.getOwnPropertyDescriptor(target, key)
  return property !== undefined && property.configurable === false && property.writable === false
}
