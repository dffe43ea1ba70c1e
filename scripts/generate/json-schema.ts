import type { Option } from '../../src/config/option.ts'

const variable = { type: 'string', pattern: String.raw`\$\{[A-Za-z_]`, description: 'From the environment.' }
const secretFile = {
  type: 'object',
  properties: { $file: { type: 'string', description: 'A file that holds the value.' } },
  required: ['$file'],
  additionalProperties: false,
}

/** The schema for editors: all permitted values, including `${VAR}` and `$file`. */
export function jsonSchema(root: Option): string {
  const schema = { ...widen(root), title: 'Configuration of Stagedoor' }
  return `${JSON.stringify(schema, undefined, 2)}\n`
}

function widen(option: Option): Record<string, unknown> {
  const inner = widenChildren(plainWords(option))
  const isLeaf = ['string', 'integer', 'number', 'boolean'].includes(option.type ?? '') || option.enum !== undefined
  if (!isLeaf) return inner
  const { description, default: fallback, ...rest } = inner
  const forms = option.type === 'string' ? [rest, variable, secretFile] : [rest, variable]
  return {
    ...(description !== undefined && { description }),
    ...(fallback !== undefined && { default: fallback }),
    anyOf: forms,
  }
}

/** Converts our keywords to those that editors know. */
function plainWords(option: Option): Record<string, unknown> {
  const own = Object.entries(option).filter(([key]) => !key.startsWith('x-'))
  const example = option['x-example']
  return { ...Object.fromEntries(own), ...(example !== undefined && { examples: [example] }) }
}

function widenChildren(schema: Record<string, unknown>): Record<string, unknown> {
  const children = Object.entries(schema).map(([key, value]) => {
    if (key === 'properties' || key === '$defs') return [key, mapValues(value)]
    if (key === 'items' || key === 'additionalProperties') return [key, isObject(value) ? widen(value) : value]
    if (key === 'anyOf' && Array.isArray(value))
      return [key, value.map((branch) => (isObject(branch) ? widen(branch) : branch))]
    return [key, value]
  })
  return Object.fromEntries(children)
}

function mapValues(value: unknown): unknown {
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, isObject(child) ? widen(child) : child]))
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
