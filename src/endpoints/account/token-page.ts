import { claimMeanings, headerMeanings, momentClaims } from '../../bearer/claim-meanings.ts'
import { type BearerReason, bearerReasons } from '../../bearer/refusal-reasons.ts'
import { html, createScript } from '../../pages/html.ts'
import type { Page } from '../../pages/layout.ts'

/** The values that the page compares tokens with; none is a secret. */
export type TokenPageFacts = { issuers: readonly string[]; audiences: readonly string[]; clientIds: readonly string[] }

/** Faults that can be detected without a key. `stagedoor token verify` finds the others. */
const shown: readonly BearerReason[] = [
  'opaque',
  'encrypted',
  'segments',
  'claims-not-json',
  'algorithm-none',
  'algorithm-symmetric',
  'backstage-token',
  'logout-token',
  'issuer-slash',
  'issuer-unknown',
  'id-token',
  'audience-mismatch',
  'expired',
  'issued-in-future',
]

const data = JSON.stringify({
  reasons: Object.fromEntries(shown.map((reason) => [reason, bearerReasons[reason]])),
  headerMeanings,
  claimMeanings,
  momentClaims,
}).replaceAll('<', String.raw`\u003c`)

// This script runs in the browser, so it is plain JavaScript. It inserts text only through `textContent`.
const inspector = createScript(`
'use strict'
const { reasons, headerMeanings, claimMeanings, momentClaims } = ${data}
const field = document.getElementById('token')
const facts = JSON.parse(field.dataset.facts)
const output = document.getElementById('output')
const add = (parent, name, text) => {
  const element = document.createElement(name)
  element.textContent = text
  parent.append(element)
  return element
}
const bytes = (part) => Uint8Array.from(atob(part.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
const decode = (part) => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes(part)))
// Text between backticks is code.
const words = (name, text) => {
  const element = add(output, name, '')
  text.split('\`').forEach((part, i) => add(element, i % 2 === 1 ? 'code' : 'span', part))
  return element
}
const moment = (seconds) => new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' }).format(new Date(seconds * 1000))
const rows = (title, members, meanings) => {
  add(output, 'h2', title)
  const list = add(output, 'dl', '')
  for (const [name, value] of Object.entries(members)) {
    const isMoment = momentClaims.includes(name) && Number.isFinite(value) && Math.abs(value) < 8.64e12
    add(list, 'dt', name)
    const cell = add(list, 'dd', JSON.stringify(value) + (isMoment ? ' \\u00b7 ' + moment(value) : ''))
    if (Object.hasOwn(meanings, name)) add(cell, 'div', meanings[name]).className = 'soft'
  }
}
const faultsOf = (header, claims) => {
  const audiences = [claims.aud].flat()
  const now = Date.now() / 1000
  const other = String(claims.iss).endsWith('/') ? String(claims.iss).slice(0, -1) : claims.iss + '/'
  const isForClient = audiences.some((one) => facts.clientIds.includes(one))
  return [
    [/^none$/i.test(header.alg), 'algorithm-none'],
    [/^hs/i.test(header.alg), 'algorithm-symmetric'],
    [/^vnd\\.backstage\\./i.test(header.typ), 'backstage-token'],
    [claims.events !== undefined, 'logout-token'],
    [!facts.issuers.includes(claims.iss), facts.issuers.includes(other) ? 'issuer-slash' : 'issuer-unknown'],
    [isForClient || claims.nonce !== undefined || claims.at_hash !== undefined, 'id-token'],
    [!isForClient && !audiences.some((one) => facts.audiences.includes(one)), 'audience-mismatch'],
    [claims.exp <= now, 'expired'],
    [claims.iat > now + 60, 'issued-in-future'],
  ].filter(([isSo]) => isSo).map(([, reason]) => reason)
}
const explain = (reason) => {
  words('p', '\\u2717 ' + reasons[reason].cause)
  words('p', facts.remedies[reason] ?? reasons[reason].remedy).className = 'soft'
}
const show = () => {
  output.replaceChildren()
  const token = field.value.trim().replace(/^(?:authorization:\\s*)?bearer\\s+/i, '')
  if (token === '') return
  const parts = token.split('.')
  if (parts.length !== 3) return explain({ 1: 'opaque', 5: 'encrypted' }[parts.length] ?? 'segments')
  try {
    const [header, claims] = [decode(parts[0]), decode(parts[1])]
    const faults = faultsOf(header, claims)
    faults.forEach(explain)
    if (faults.length === 0) add(output, 'p', '\\u2713 Nothing wrong that shows without the key. The signature is not checked here.')
    rows('Header', header, headerMeanings)
    rows('Claims', claims, claimMeanings)
  } catch {
    explain('claims-not-json')
  }
}
field.addEventListener('input', show)
document.getElementById('example').addEventListener('click', () => {
  const encode = (value) => btoa(JSON.stringify(value)).replace(/=/g, '')
  const claims = { iss: facts.issuers[0], aud: 'https://another-api.example.com', sub: 'example@clients', exp: 1700000000 }
  field.value = [encode({ alg: 'RS256', typ: 'at+jwt', kid: 'example' }), encode(claims), 'AAAA'].join('.')
  show()
})
`)

/** Replaces remedies that name options, because readers of this page cannot set options. */
function remediesIn({ issuers, audiences }: TokenPageFacts): Partial<Record<BearerReason, string>> {
  const ask = `Ask ${issuers.join(' or ')} for tokens.`
  return {
    'backstage-token': 'Sign in here, or send a token of the login service.',
    'issuer-slash': ask,
    'issuer-unknown': ask,
    'audience-mismatch':
      audiences.length === 0
        ? 'This portal takes no tokens of programs.'
        : `Ask with the \`audience\` ${audiences.join(' or ')}.`,
  }
}

/** A page that decodes a token in the browser. The field has no form and no name, so the browser cannot submit the token. */
export function tokenPage(facts: TokenPageFacts, accountHref: string): Page {
  return {
    title: 'What does this token say?',
    body: html`<p>Paste an access token. It is decoded here in your browser and sent nowhere.</p>
<p><textarea id="token" rows="6" autocomplete="off" spellcheck="false" aria-label="Token" data-facts="${JSON.stringify({ ...facts, remedies: remediesIn(facts) })}"></textarea></p>
<p class="actions"><button class="button small" id="example" type="button">Show an example</button> <a class="button small" href="${accountHref}">My account</a></p>
<div id="output" aria-live="polite"></div>
<noscript><p>This page needs scripts. On a command line: <code>stagedoor token decode</code>.</p></noscript>`,
    scripts: [inspector],
  }
}
