import { stringify } from 'yaml'

import type { Option } from '../../src/config/option.ts'
import { boundsOf } from './bounds.ts'
import { defaultRoutes } from './default-routes.ts'
import { wrap } from './wrap.ts'

const width = 118

const head = `\
# yaml-language-server: $schema=./schema.json
# Every option of Stagedoor with its default. Generated from src/config/schema.ts: do not edit, copy.
#
# Without --config Stagedoor runs on this file, and the environment alone decides:
#   STAGEDOOR_BASE_URL, AUTH0_ISSUER (or AUTH0_DOMAIN), AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET and
#   STAGEDOOR_SESSION_SECRET are needed; STAGEDOOR_PORT, STAGEDOOR_TRUSTED_PROXIES, AUTH0_AUDIENCE, STAGEDOOR_REDIS_URL and
#   BACKSTAGE_URL may be set.
`

/** `config/default.yaml`: every option with its default and meaning. */
export function defaultYaml(root: Option): string {
  const required = new Set(root.required)
  const sections = Object.entries(root.properties ?? {}).map(([name, option]) =>
    render(name, option, 0, required.has(name)),
  )
  return [head, ...sections].join('\n')
}

/** @param isAbsent whether the surrounding section is absent by default: a value in it would create the section */
function render(name: string, option: Option, depth: number, isRequired: boolean, isAbsent = false): string {
  const comment = commentOf(option, depth)
  if (name === 'routes') return `${comment}routes:\n${defaultRoutes}`
  const indent = '  '.repeat(depth)
  // A section that is absent by default.
  if (option.properties !== undefined && option['x-example'] !== undefined && !isRequired)
    return `${comment}${indent}# ${name}: ${inline(option['x-example'])}\n`
  if (option.properties !== undefined) {
    const children = renderChildren(option, depth + 1, !isRequired && option.default === undefined)
    return hasValues(children)
      ? `${comment}${indent}${name}:\n${children}`
      : `${comment}${indent}# ${name}:\n${children}`
  }
  if (typeof option.additionalProperties === 'object')
    return `${comment}${indent}${name}:\n${renderRecord(option, depth + 1)}`
  const value = valueOf(option, isRequired)
  const isListFromVariable = option.items !== undefined && option['x-env'] !== undefined
  if (isListFromVariable) return `${comment}${indent}${name}:\n${indent}  - ${value}\n`
  const isCommentedOut = isAbsent && option['x-env'] === undefined
  if (value !== undefined) return `${comment}${indent}${isCommentedOut ? '# ' : ''}${name}: ${value}\n`
  return `${comment}${indent}# ${name}: ${inline(option['x-example'] ?? option.enum?.[0])}\n`
}

/** A map of comments only would read as null. */
function hasValues(yaml: string): boolean {
  return yaml.split('\n').some((line) => line !== '' && !line.trimStart().startsWith('#'))
}

function renderChildren(option: Option, depth: number, isAbsent = false): string {
  const required = new Set(option.required)
  const children = Object.entries(option.properties ?? {})
  return children.map(([name, child]) => render(name, child, depth, required.has(name), isAbsent)).join('')
}

/** A map with free names is shown with the name of its example. */
function renderRecord(option: Option, depth: number): string {
  const names = Object.keys(option['x-example'] ?? {})
  const entry = typeof option.additionalProperties === 'object' ? option.additionalProperties : {}
  return names.map((name) => `${'  '.repeat(depth)}${name}:\n${renderChildren(entry, depth + 1)}`).join('')
}

function commentOf(option: Option, depth: number): string {
  const indent = '  '.repeat(depth)
  const bounds = boundsOf(option)
  const text = [option.description ?? '', bounds === undefined ? '' : `(${bounds})`].join(' ').trim()
  const lines = wrap(text, width - indent.length - 2).map((line) => `${indent}# ${line}\n`)
  return lines.join('')
}

function valueOf(option: Option, isRequired: boolean): string | undefined {
  const variable = option['x-env']
  if (variable === undefined) return option.default === undefined ? undefined : inline(option.default)
  const fallback = option['x-env-default'] ?? option.default ?? (isRequired ? undefined : '')
  const tail = fallback === undefined ? '' : `:-${typeof fallback === 'string' ? fallback : JSON.stringify(fallback)}`
  return `\${${variable}${tail}}`
}

/** A value in YAML's flow style, on one line. */
function inline(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0, singleQuote: false }).trim()
}
