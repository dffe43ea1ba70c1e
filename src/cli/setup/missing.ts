import { isDeepStrictEqual } from 'node:util'

import type { Settings } from './wanted.ts'

/** The changes that turn `found` into `wanted`, and a text for each difference. */
type Missing = { body: Settings; differences: string[] }

/**
 * Compares settings of Auth0. Missing entries are added to lists, and other entries stay. Settings that are not in `wanted` stay
 * unchanged.
 */
export function missingIn(found: Settings, wanted: Settings, path = ''): Missing {
  const body: Settings = {}
  const differences: string[] = []
  for (const [name, value] of Object.entries(wanted)) {
    const place = `${path}${name}`
    const present = found[name]
    if (Array.isArray(value)) {
      const all = Array.isArray(present) ? present : []
      const added = value.filter((item) => !all.some((other) => isSame(item, other)))
      if (added.length === 0) continue
      body[name] = [...all, ...added]
      differences.push(...added.map((item) => `${place}: add ${inWords(keyOf(item))}`))
    } else if (isSettings(value)) {
      const inner = missingIn(isSettings(present) ? present : {}, value, `${place}.`)
      if (inner.differences.length === 0) continue
      // Contains the whole object, because Auth0's API replaces nested objects instead of merging them.
      body[name] = { ...(isSettings(present) ? present : {}), ...inner.body }
      differences.push(...inner.differences)
    } else if (present !== value) {
      body[name] = value
      differences.push(`${place}: ${present === undefined ? '' : `${inWords(present)} → `}${inWords(value)}`)
    }
  }
  return { body, differences }
}

/** Compares list entries. Permissions of an API are objects, identified by their `value`. */
function isSame(left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(keyOf(left), keyOf(right))
}

function keyOf(item: unknown): unknown {
  return isSettings(item) && 'value' in item ? item['value'] : item
}

function isSettings(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function inWords(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
