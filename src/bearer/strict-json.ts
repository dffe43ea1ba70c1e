const maxDepth = 16

/**
 * Parses a JSON object and refuses what two parsers could read differently: a name twice in one object (RFC 7515 §4,
 * RFC 7519 §4), text that is not UTF-8, deep nesting.
 * @returns the object, or what is wrong
 */
export function parseStrictJson(bytes: Uint8Array): Record<string, unknown> | 'not-json' | 'repeated-member' {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not-json'
    const fault = faultOf(text)
    return fault ?? (value as Record<string, unknown>)
  } catch {
    return 'not-json'
  }
}

const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g

/** Walks valid JSON once: a string before a colon is the name of a member. */
function faultOf(text: string): 'not-json' | 'repeated-member' | undefined {
  const open: Set<string>[] = []
  let last = ''
  for (const [token] of text.matchAll(tokens)) {
    if (token === '{' || token === '[') open.push(new Set())
    else if (token === '}' || token === ']') open.pop()
    else if (token === ':' && !isNew(open.at(-1), last)) return 'repeated-member'
    if (open.length > maxDepth) return 'not-json'
    last = token
  }
  return undefined
}

function isNew(names: Set<string> | undefined, token: string): boolean {
  // Names are compared as they are meant: "\u0069ss" is "iss".
  const name: string = JSON.parse(token)
  if (names?.has(name)) return false
  names?.add(name)
  return true
}
