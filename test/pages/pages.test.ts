import { createHash } from 'node:crypto'

import t from 'tap'

import { accountPage } from '../../src/pages/account-page.ts'
import { errorPage } from '../../src/pages/error-page.ts'
import { escapeHtml, html, localTimes } from '../../src/pages/html.ts'
import { type Page, pageHeaders, renderPage, defaultLook } from '../../src/pages/layout.ts'
import { alreadySignedInPage, signedInPage } from '../../src/pages/login-pages.ts'
import { logoutPage, signedOutPage } from '../../src/pages/logout-pages.ts'

const attack = `"><script>alert('x')</script>&`

t.test('text is escaped in a page', async (t) => {
  t.equal(escapeHtml(attack), '&#34;&#62;&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;&#38;')
  t.equal(
    html`<p>${attack}${undefined}${1}${[html`<b>x</b>`]}${html`<i>y</i>`}</p>`.markup,
    `<p>${escapeHtml(attack)}1<b>x</b><i>y</i></p>`,
  )
})

t.test('text of a person or a provider never becomes markup', async (t) => {
  const user = {
    kind: 'user',
    issuer: attack,
    subject: attack,
    sessionId: attack,
    claims: { name: attack, email: attack, org_name: attack, roles: [attack], groups: [], permissions: [] },
    amr: [],
  } as const
  const pages = [
    accountPage({
      user,
      signedInAt: 0,
      expiresAt: 1,
      isAdmin: true,
      prefix: attack,
      notice: attack,
      entries: [
        { title: attack, description: attack, icon: attack, href: attack, access: 'second-factor', missing: attack },
      ],
      sessions: [
        { id: attack, issuer: attack, subject: attack, device: attack, address: attack, createdAt: 0, usedAt: 0 },
      ],
    }),
    errorPage({
      sentence: attack,
      remedy: attack,
      detail: attack,
      code: attack,
      requestId: attack,
      ways: [{ label: attack, href: attack }],
      anotherAccount: { action: attack, returnTo: attack },
    }),
    alreadySignedInPage(attack, { portalHref: attack, accountHref: attack, logoutHref: attack }),
    logoutPage({ name: attack, action: attack, returnTo: attack, isEverywhere: true }),
    signedOutPage(attack),
  ]
  for (const page of pages) {
    t.notMatch(page.body.markup + (page.footer?.markup ?? ''), /<script/)
    const look = { name: attack, logo: attack, support: attack }
    t.equal(
      renderPage(page, look).split(attack).length,
      1,
      'the name of the portal, its logo and its link are text, too',
    )
    t.match(renderPage(page, look), /^<!doctype html>/)
  }
})

t.test('the account page shows a person their stored data', async (t) => {
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
  const view = {
    user,
    signedInAt: 0,
    expiresAt: 60_000,
    entries: [],
    sessions: [],
    isAdmin: false,
    prefix: '/.stagedoor',
  }
  const { markup } = accountPage(view).body
  t.match(markup, '<strong>jane@example.com</strong>')
  t.match(markup, '<span class="tag">admin</span>')
  t.match(markup, /<dt>Groups<\/dt>\s*<dd><span class="soft">none<\/span><\/dd>/)
  t.match(markup, '1970-01-01 00:01 UTC')
  t.notMatch(markup, 'not verified')
  t.notMatch(markup, 'Console')
  const nameless = { ...user, claims: { roles: [], groups: [], permissions: [] } }
  t.match(accountPage({ ...view, user: nameless, isAdmin: true }).body.markup, /auth0\|jane[^]*Console/)
  const emoji = { ...user, claims: { ...nameless.claims, name: '𝒥ane' } }
  t.match(accountPage({ ...view, user: emoji }).body.markup, /aria-hidden="true">𝒥</, 'the whole first character')
})

t.test('the account page shows reachable services, missing rights and the use of a second factor', async (t) => {
  const user = {
    kind: 'user',
    issuer: 'https://t/',
    subject: 'auth0|jane',
    sessionId: 'this',
    claims: { picture: 'https://t/jane.png', email: 'j@t', roles: [], groups: [], permissions: [] },
    amr: [],
  } as const
  const entries = [
    { title: 'Docs', href: '/docs', access: 'open' },
    { title: 'Feed', access: 'open', description: 'Programs only', icon: 'F' },
    { title: 'Admin', href: '/admin', access: 'closed', missing: 'You need the role admin.' },
    { title: 'Safe', href: '/safe', access: 'second-factor', missing: 'You need a second factor.' },
    { title: 'Vault', access: 'second-factor' },
  ] as const
  const session = { id: 'this', issuer: 'https://t/', subject: 'auth0|jane', createdAt: 0, usedAt: 0 }
  const view = { user, signedInAt: 0, expiresAt: 1, entries, sessions: [session], isAdmin: false, prefix: '/p' }
  const { markup } = accountPage(view).body
  t.match(markup, '<img src="https://t/jane.png"')
  t.match(markup, 'j@t (not verified)')
  t.match(markup, '<a href="/docs">Docs</a>')
  t.notMatch(markup, '<a href="/admin">')
  t.match(markup, 'You need the role admin.')
  t.match(markup, /<a class="button small" href="\/safe">Confirm with a second factor/)
  t.notMatch(markup, 'End all other sessions')
  const two = [session, { ...session, id: 'other', device: 'Firefox on Linux', address: '192.0.2.7' }]
  t.match(
    accountPage({ ...view, sessions: two }).body.markup,
    /Firefox on Linux · 192\.0\.2\.7[^]*End all other sessions/,
  )
})

t.test('the page for a signed-in person shows their name, if known', async (t) => {
  const links = { portalHref: '/', accountHref: '/account', logoutHref: '/logout' }
  t.match(alreadySignedInPage('Jane', links).body.markup, 'You are signed in as <strong>Jane</strong>.')
  const nameless = alreadySignedInPage(undefined, links).body.markup
  t.notMatch(nameless, 'signed in as')
  for (const href of Object.values(links)) t.match(nameless, `href="${href}"`)
})

t.test('an error page without actions or detail shows neither', async (t) => {
  const markup = renderPage(errorPage({ sentence: 'No.', remedy: 'Wait.', code: 'CODE', requestId: 'r-1', ways: [] }))
  t.notMatch(markup, /<a /)
  t.match(markup, /CODE.*r-1/)
})

const sourceOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

const elementsIn = (markup: string, name: string): string[] =>
  [...markup.matchAll(new RegExp(`<${name}(?: [^>]*)?>([^]*?)</${name}>`, 'g'))].map(([, text = '']) => text)

t.test('the policy of a page allows only its own style, scripts and forms', async (t) => {
  const looks = [defaultLook, { name: 'Portal', color: '#1b5e8c' }, { name: 'Portal', color: '#ffd400' }]
  const pages: Page[] = [
    signedOutPage('/'),
    signedInPage(attack, '/'),
    { ...signedOutPage('/'), formTargets: ['https://t'] },
  ]
  for (const look of looks) {
    for (const page of pages) {
      const policy = pageHeaders(page, look)['content-security-policy'] ?? ''
      const markup = renderPage(page, look)
      t.match(policy, `style-src ${elementsIn(markup, 'style').map(sourceOf).join(' ')};`)
      t.match(policy, `script-src ${elementsIn(markup, 'script').map(sourceOf).join(' ')};`)
      // Modules are strict and share no names with each other or with elements of the page.
      t.same(new Set(markup.match(/<script[^>]*>/g)), new Set(['<script type="module">']))
      t.match(policy, `form-action ${["'self'", ...(page.formTargets ?? [])].join(' ')};`)
      const fixed = policy.split('; ').filter((part) => !/^(?:style|script)-src |^form-action /.test(part))
      t.same(fixed, [
        "default-src 'none'",
        "connect-src 'self'",
        "img-src 'self' https: data:",
        "frame-ancestors 'none'",
        "base-uri 'none'",
      ])
      t.notMatch(policy, 'unsafe-inline')
    }
  }
  t.match(pageHeaders()['content-security-policy'], `script-src ${localTimes.source};`)
  t.match(pageHeaders(), {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  })
})

t.test('text on a button is black on a bright color and white on a dark one', async (t) => {
  const styleWith = (color: string) =>
    elementsIn(renderPage(signedOutPage('/'), { name: 'P', color }), 'style').join('')
  t.match(styleWith('#ffd400'), '--accent:#ffd400;--accent-ink:#000')
  t.match(styleWith('#0a1a2a'), '--accent:#0a1a2a;--accent-ink:#fff')
})

t.test('a page of the console has links at the top and the style of the portal', async (t) => {
  const navigation = [
    { label: 'Sessions', href: '/s', isCurrent: true },
    { label: 'Health', href: '/h', isCurrent: false },
  ]
  const look = { name: 'Portal', logo: '/logo.svg', support: 'mailto:help@example.com' }
  const markup = renderPage({ ...signedOutPage('/'), navigation }, look)
  t.match(markup, '<a href="/s" aria-current="page">Sessions</a><a href="/h">Health</a>')
  t.match(markup, '<img src="/logo.svg" alt="Portal">')
  t.match(markup, '<a class="push" href="mailto:help@example.com">Get help</a>')
})

t.test('the policy of a page has the configured report address', async (t) => {
  const reports = 'https://reports.example.com/csp'
  const told = pageHeaders({}, { ...defaultLook, reports })
  t.match(told['content-security-policy'], /; report-uri https:\/\/reports\.example\.com\/csp; report-to csp$/)
  t.equal(told['reporting-endpoints'], `csp="${reports}"`)
  const untold = pageHeaders()
  t.notMatch(untold['content-security-policy'], /report/)
  t.notOk('reporting-endpoints' in untold)
})
