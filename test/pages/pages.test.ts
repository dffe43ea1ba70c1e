import { createHash } from 'node:crypto'

import t from 'tap'

import { accountPage } from '../../src/pages/account-page.ts'
import { errorPage } from '../../src/pages/error-page.ts'
import { escapeHtml, html } from '../../src/pages/html.ts'
import { pageHeaders } from '../../src/pages/layout.ts'
import { alreadySignedInPage, signedInPage, signedInScriptSource } from '../../src/pages/login-pages.ts'
import { logoutPage, signedOutPage } from '../../src/pages/logout-pages.ts'

const attack = `"><script>alert('x')</script>&`

t.test('text stands in a page as text', async (t) => {
  t.equal(escapeHtml(attack), '&#34;&#62;&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;&#38;')
  t.equal(
    html`<p>${attack}${undefined}${1}${[html`<b>x</b>`]}${html`<i>y</i>`}</p>`.markup,
    `<p>${escapeHtml(attack)}1<b>x</b><i>y</i></p>`,
  )
})

t.test('nothing that a person or a provider wrote becomes markup', async (t) => {
  const user = {
    kind: 'user',
    issuer: attack,
    subject: attack,
    sessionId: attack,
    claims: { name: attack, email: attack, org_name: attack, roles: [attack], groups: [], permissions: [] },
    amr: [],
  } as const
  const pages = [
    accountPage({ user, signedInAt: 0, expiresAt: 1, portalHref: attack, logoutHref: attack }),
    errorPage({
      sentence: attack,
      remedy: attack,
      detail: attack,
      code: attack,
      requestId: attack,
      ways: [{ label: attack, href: attack }],
    }),
    alreadySignedInPage(attack, { portalHref: attack, accountHref: attack, logoutHref: attack }),
    logoutPage({ name: attack, action: attack, returnTo: attack }),
    signedOutPage(attack),
  ]
  for (const markup of pages) {
    t.notMatch(markup, /<script/)
    t.match(markup, /^<!doctype html>/)
  }
})

t.test('the account page shows a person what is known of them', async (t) => {
  const user = {
    kind: 'user',
    issuer: 'https://t/',
    subject: 'auth0|jane',
    sessionId: 'ref',
    claims: {
      email: 'jane@example.com',
      email_verified: true,
      org_id: 'org_1',
      roles: ['admin'],
      groups: [],
      permissions: [],
    },
    amr: [],
  } as const
  const markup = accountPage({ user, signedInAt: 0, expiresAt: 60_000, portalHref: '/', logoutHref: '/out' })
  t.match(markup, '<h1>jane@example.com</h1>')
  t.match(markup, '<span class="tag">admin</span>')
  t.match(markup, '<dt>Groups</dt><dd><span class="soft">none</span></dd>')
  t.match(markup, '1970-01-01 00:01 UTC')
  t.notMatch(markup, 'not verified')
  const nameless = { ...user, claims: { roles: [], groups: [], permissions: [] } }
  t.match(
    accountPage({ user: nameless, signedInAt: 0, expiresAt: 1, portalHref: '/', logoutHref: '/out' }),
    '<h1>auth0|jane</h1>',
  )
})

t.test('who is signed in already is told under which name, where there is one', async (t) => {
  const links = { portalHref: '/', accountHref: '/account', logoutHref: '/logout' }
  t.match(alreadySignedInPage('Jane', links), 'You are signed in as <strong>Jane</strong>.')
  const nameless = alreadySignedInPage(undefined, links)
  t.notMatch(nameless, 'signed in as')
  for (const href of Object.values(links)) t.match(nameless, `href="${href}"`)
})

t.test('an error page without ways or detail has neither', async (t) => {
  const markup = errorPage({ sentence: 'No.', remedy: 'Wait.', code: 'CODE', requestId: 'r-1', ways: [] })
  t.notMatch(markup, /<a /)
  t.match(markup, /CODE.*r-1/)
})

t.test('a page may use its own style, its own forms, and nothing else', async (t) => {
  const policy = pageHeaders(['https://t'])['content-security-policy'] ?? ''
  const style = /<style>([^]*)<\/style>/.exec(signedOutPage('/'))?.[1] ?? ''
  t.match(policy, `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`)
  t.match(policy, "form-action 'self' https://t;")
  t.match(policy, "default-src 'none'")
  t.match(policy, "frame-ancestors 'none'")
})

t.test('the page after a login in a window of its own runs its one script and no other', async (t) => {
  const markup = signedInPage(attack, '/')
  const scripts = [...markup.matchAll(/<script>([^]*?)<\/script>/g)].map(([, script = '']) => script)
  t.same(
    scripts.map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`),
    [signedInScriptSource],
  )
  t.match(pageHeaders([], signedInScriptSource)['content-security-policy'], `script-src ${signedInScriptSource};`)
  t.notMatch(pageHeaders()['content-security-policy'], /script-src/)
})
