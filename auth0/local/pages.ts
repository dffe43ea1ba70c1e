import { demoPassword } from './seed.ts'

const entities = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
])

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities.get(character) ?? '')
}

/** A padlock. */
export const favicon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#3b5bdb"/><path d="M6 7V5.5a2 2 0 0 1 4 0V7" fill="none" stroke="#fff"/><rect x="4.5" y="7" width="7" height="5" rx="1" fill="#fff"/></svg>'

const style = `
  :root { color-scheme: light dark; --ground: #eef1f6; --paper: #fff; --ink: #1e212a; --soft: #5b6170; --line: #c3c8d2;
    --accent: #3b5bdb; --accent-ink: #fff; --alert: #fdecec; --alert-ink: #98131f }
  @media (prefers-color-scheme: dark) { :root { --ground: #14161b; --paper: #1f232b; --ink: #eceef2; --soft: #a8afbd;
    --line: #464d5a; --accent: #8ea6ff; --accent-ink: #10131c; --alert: #4a1a1e; --alert-ink: #ffc9cc } }
  * { box-sizing: border-box }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--ground);
    color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
  main { margin: 1.5rem 0; background: var(--paper); padding: 2.5rem; border-radius: 12px; width: min(26rem, 94vw);
    box-shadow: 0 12px 40px rgb(30 33 42 / 12%) }
  h1 { font-size: 1.4rem; margin: 0 0 .25rem } p { margin: 0 0 1.25rem; color: var(--soft) }
  form { margin: 0 } label { display: block; font-size: .85rem; margin: .75rem 0 .25rem }
  input { width: 100%; font: inherit; padding: .65rem .75rem; border: 1px solid var(--line); border-radius: 8px;
    background: var(--paper); color: inherit }
  input:focus-visible, button:focus-visible { outline: 3px solid #93b4ff; outline-offset: 1px }
  button { width: 100%; font: inherit; cursor: pointer; padding: .65rem .75rem; border-radius: 8px; border: 0;
    margin-top: 1rem; background: var(--accent); color: var(--accent-ink) }
  button.user { margin: 0 0 .5rem; background: var(--paper); color: inherit; border: 1px solid var(--line); text-align: left }
  button.user small { display: block; color: var(--soft) }
  hr { border: 0; border-top: 1px solid var(--line); margin: 1.25rem 0 .5rem }
  [role=alert] { background: var(--alert); color: var(--alert-ink); padding: .6rem .75rem; border-radius: 8px; margin-bottom: 1rem }
  footer { margin-top: 1.5rem; font-size: .8rem; color: var(--soft) }`

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><link rel="icon" href="/favicon.svg"><style>${style}</style></head><body><main>
${body}
<footer>A local stand-in for Auth0. For demo and tests only.</footer>
</main></body></html>`
}

export type LoginPageUser = { email: string; name: string; remark: string }
export type LoginPage = {
  client: string
  hint: string
  users: LoginPageUser[]
  message?: string
  organization?: string
}

/** Works without scripts: each demo user has its own form. */
export function loginPage({ client, hint, users, message, organization }: LoginPage): string {
  const target = organization === undefined ? client : `${organization} on ${client}`
  return page(
    `Log in to ${client}`,
    `<h1>Welcome</h1><p>Log in to continue to ${escapeHtml(target)}.</p>
${message === undefined ? '' : `<div role="alert">${escapeHtml(message)}</div>`}
${users.map(userButton).join('\n')}
<hr>
<form method="post" action="/u/login">
<label for="username">Email address</label>
<input id="username" name="username" type="text" autocomplete="username" required value="${escapeHtml(hint)}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button type="submit" name="action" value="default">Continue</button>
</form>`,
  )
}

function userButton({ email, name, remark }: LoginPageUser): string {
  return `<form method="post" action="/u/login"><input type="hidden" name="username" value="${escapeHtml(email)}">
<input type="hidden" name="password" value="${escapeHtml(demoPassword)}">
<button class="user" type="submit">${escapeHtml(name)}<small>${escapeHtml(email)} · ${escapeHtml(remark)}</small></button></form>`
}

export function secondFactorPage(message?: string): string {
  return page(
    'Verify your identity',
    `<h1>Verify your identity</h1><p>Enter the one-time code from your authenticator app. In this stand-in it is 123456.</p>
${message === undefined ? '' : `<div role="alert">${escapeHtml(message)}</div>`}
<form method="post" action="/u/login/mfa">
<label for="code">One-time code</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required>
<button type="submit">Continue</button>
</form>`,
  )
}

export function errorPage(title: string, text: string): string {
  return page(title, `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>`)
}

/** Asks for confirmation of a logout whose request does not prove its session. */
export function confirmLogoutPage(parameters: URLSearchParams): string {
  const fields = [...parameters].map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  )
  return page(
    'Log out',
    `<h1>Log out?</h1><p>Do you want to log out of all applications?</p>
<form method="post" action="/oidc/logout">${fields.join('')}
<button type="submit" name="confirm" value="yes">Log out</button></form>`,
  )
}

export function signedOutPage(): string {
  return page('Logged out', '<h1>Logged out</h1><p>You have been logged out.</p>')
}
