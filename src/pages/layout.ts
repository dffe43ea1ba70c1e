import { createHash } from 'node:crypto'

import { Html, html } from './html.ts'

const style = `
:root{color-scheme:light dark;--ink:#1d2327;--soft:#5b6670;--paper:#fff;--ground:#f2f4f6;--line:#dde2e6;--accent:#1b5e8c;--accent-ink:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#eceff1;--soft:#a4afb8;--paper:#1e2429;--ground:#14181b;--line:#343c43;--accent:#6db3e0;--accent-ink:#0c1a24}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{width:100%;max-width:34rem;background:var(--paper);border:1px solid var(--line);border-radius:12px;padding:2rem}
h1{margin:0 0 .75rem;font-size:1.35rem;line-height:1.3}
h2{margin:1.5rem 0 .5rem;font-size:1rem}
p{margin:.5rem 0}
.soft,dt{color:var(--soft)}
.actions{display:flex;gap:.75rem;flex-wrap:wrap;margin-top:1.5rem}
.button{display:inline-block;padding:.55rem 1.1rem;border:1px solid var(--line);border-radius:8px;background:none;color:inherit;font:inherit;text-decoration:none;cursor:pointer}
.button.primary{background:var(--accent);border-color:var(--accent);color:var(--accent-ink)}
.button:focus-visible,a:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1.25rem;margin:1rem 0}
dd{margin:0;overflow-wrap:anywhere}
.tag{display:inline-block;margin:0 .35rem .25rem 0;padding:.05rem .55rem;border:1px solid var(--line);border-radius:99px;font-size:.875rem}
footer{margin-top:1.75rem;padding-top:1rem;border-top:1px solid var(--line);font-size:.8125rem;color:var(--soft);overflow-wrap:anywhere}
code{font-family:ui-monospace,monospace;font-size:.875em}
pre{white-space:pre-wrap;overflow-wrap:anywhere;padding:.75rem;border:1px solid var(--line);border-radius:8px;font:.8125rem/1.45 ui-monospace,monospace}
form{margin:0}
textarea{width:100%;padding:.55rem;border:1px solid var(--line);border-radius:8px;background:var(--ground);color:inherit;font:.875em/1.4 ui-monospace,monospace}
`

const styleHash = createHash('sha256').update(style).digest('base64')

/** Headers of every page of ours: nothing loads, nothing frames it, forms go to us (and on to the provider after logout). */
export function pageHeaders(formTargets: readonly string[] = [], scriptSource?: string): Record<string, string> {
  const scripts = scriptSource === undefined ? '' : ` script-src ${scriptSource};`
  const formAction = ["'self'", ...formTargets].join(' ')
  return {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}';${scripts} form-action ${formAction}; frame-ancestors 'none'; base-uri 'none'`,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  }
}

/** A whole page; works without scripts, in light and dark, on small screens. */
export function page(title: string, body: Html, footer?: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${body}
${footer === undefined ? undefined : html`<footer>${footer}</footer>`}
</main>
</body>
</html>
`.markup
}
