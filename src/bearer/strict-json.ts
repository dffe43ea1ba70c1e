const maxDepth = 16

/**
 * Parses a JSON object and refuses what two parsers could read differently: a name twice in one object (RFC 7515 §4,
 * RFC 7519 §4), text that is not UTF-8, deep nesting.
 * @returns the object, or the reason why there is none
 */
export function parseStrictJson(bytes: Uint8Array): Record<string, unknown> | 'not-json' | 'repeated-member' {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not-json'
    const memberCount = memberCountIn(text)
    if (memberCount === undefined) return 'not-json'
    // A name that comes twice in one object leaves one member in the value, however it was spelled.
    return memberCount === memberCountOf(value) ? (value as Record<string, unknown>) : 'repeated-member'
  } catch {
    return 'not-json'
  }
}

/** How many members valid JSON text has, nested ones included; undefined when it is nested too deep. */
function memberCountIn(text: string): number | undefined {
  let count = 0
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === '"') i = endOfString(text, i)
    else if (character === ':') count++
    else if (character === '}' || character === ']') depth--
    else if ((character === '{' || character === '[') && ++depth > maxDepth) return undefined
  }
  return count
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end
}

/** Whether the character stands behind an odd number of backslashes. */
function isEscaped(text: string, at: number): boolean {
  let first = at
  while (text[first - 1] === '\\') first--
  return (at - first) % 2 === 1
}

/** How many members a parsed value has, nested ones included. */
function memberCountOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) count += memberCountOf(item)
    return count
  }
  for (const member of Object.values(value)) count += 1 + memberCountOf(member)
  return count
}
