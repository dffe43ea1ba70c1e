import { hash } from 'node:crypto'

import { Html, html, localTimes, type Script } from './html.ts'

/** One of our pages, before it is rendered. */
export type Page = {
  title: string
  body: Html
  footer?: Html
  /** Links at the top. A page with links is as wide as the screen allows. */
  navigation?: readonly NavigationLink[]
  /** Whether the page has two columns if the screen is wide enough. */
  isWide?: boolean
  scripts?: readonly Script[]
  /** Origins, in addition to our own, that its forms may lead to. */
  formTargets?: readonly string[]
}

type NavigationLink = { label: string; href: string; isCurrent: boolean }

const style = `
:root{color-scheme:light dark;--ink:#1d2327;--soft:#5b6670;--paper:#fff;--ground:#f2f4f6;--line:#dde2e6;--accent:#1b5e8c;--accent-ink:#fff;--good:#1a6b3c;--bad:#a3261f}
@media(prefers-color-scheme:dark){:root{--ink:#eceff1;--soft:#a4afb8;--paper:#1e2429;--ground:#14181b;--line:#343c43;--accent:#6db3e0;--accent-ink:#0c1a24;--good:#6fcf97;--bad:#ff9b94}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;grid-template-columns:minmax(0,1fr);place-items:center;align-content:center;padding:1.5rem;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
header,main{width:100%;max-width:38rem}
header{display:flex;align-items:center;gap:.75rem;flex-wrap:wrap;margin-bottom:.75rem;padding:0 .25rem;color:var(--soft)}
header img{height:1.75rem;width:auto;display:block}
header .push{margin-left:auto}
header nav.actions,td .actions{margin:0}
.wide{align-content:start}
.wide header,.wide main{max-width:76rem}
header a[aria-current]{color:var(--ink);font-weight:600;text-decoration:none;border-bottom:2px solid var(--accent)}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1.75rem 3rem}
.columns h2:first-child{margin-top:0}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,15rem),1fr));gap:.75rem;margin:.5rem 0;padding:0;list-style:none}
.tiles>*{margin:0;padding:.7rem .9rem;border:1px solid var(--line);border-radius:8px;min-width:0;overflow-wrap:anywhere}
.tiles svg{display:block;width:100%;height:4rem;margin:.35rem 0;border-bottom:1px solid var(--line)}
main{background:var(--paper);border:1px solid var(--line);border-radius:12px;padding:2rem}
h1{margin:0 0 .75rem;font-size:1.35rem;line-height:1.3}
h2{margin:1.75rem 0 .5rem;font-size:1rem}
p{margin:.5rem 0}
a{color:var(--accent)}
.soft,dt{color:var(--soft)}
.good{color:var(--good)}
.bad{color:var(--bad)}
.actions{display:flex;gap:.75rem;flex-wrap:wrap;margin-top:1.25rem}
.button{display:inline-block;padding:.55rem 1.1rem;border:1px solid var(--line);border-radius:8px;background:none;color:inherit;font:inherit;text-decoration:none;cursor:pointer}
.button.small{padding:.2rem .7rem;font-size:.875rem}
.button.primary{background:var(--accent);border-color:var(--accent);color:var(--accent-ink)}
.button:focus-visible,a:focus-visible,input:focus-visible,select:focus-visible,textarea:focus-visible,pre:focus-visible,.scroll:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1.25rem;margin:1rem 0}
dd{margin:0;overflow-wrap:anywhere}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.person{display:flex;align-items:center;gap:1rem}
.initial{position:relative;display:grid;place-items:center;width:3.5rem;height:3.5rem;flex:none;border-radius:50%;overflow:hidden;background:var(--ground);border:1px solid var(--line);font-size:1.35rem}
.initial img{position:absolute;inset:0;width:100%;height:100%;object-fit:cover}
.tag{display:inline-block;margin:0 .35rem .25rem 0;padding:.05rem .55rem;border:1px solid var(--line);border-radius:99px;font-size:.875rem}
.list{list-style:none;margin:.5rem 0;padding:0}
.list li{display:flex;gap:1rem;align-items:baseline;padding:.7rem 0;border-top:1px solid var(--line)}
.list .grow{flex:1 1 12rem;min-width:0;overflow-wrap:anywhere}
.list .icon{flex:none;width:2rem;text-align:center;font-size:1.25rem}
.filter{display:flex;gap:.75rem;flex-wrap:wrap;align-items:end;margin:1rem 0}
.filter label{display:grid;grid-template-columns:minmax(0,auto);max-width:100%;gap:.2rem;font-size:.875rem;color:var(--soft)}
input,select{height:2.4rem;padding:.45rem .6rem;border:1px solid var(--line);border-radius:8px;background:var(--ground);color:var(--ink);font:inherit;max-width:100%}
.scroll{overflow-x:auto;position:relative}
td time{white-space:nowrap}
table{width:100%;border-collapse:collapse;font-size:.875rem}
th,td{padding:.45rem .6rem;border-top:1px solid var(--line);text-align:left;vertical-align:top}
th{color:var(--soft);font-weight:600;white-space:nowrap}
.bar{fill:var(--accent)}
.bar.refused{fill:var(--bad)}
.bar.login{fill:var(--good)}
.bar.latency{fill:var(--soft)}
footer{margin-top:1.75rem;padding-top:1rem;border-top:1px solid var(--line);font-size:.8125rem;color:var(--soft);overflow-wrap:anywhere}
code{font-family:ui-monospace,monospace;font-size:.875em}
pre{white-space:pre-wrap;overflow-wrap:anywhere;padding:.75rem;border:1px solid var(--line);border-radius:8px;font:.8125rem/1.45 ui-monospace,monospace}
form{margin:0}
textarea{width:100%;padding:.55rem;border:1px solid var(--line);border-radius:8px;background:var(--ground);color:inherit;font:.875em/1.4 ui-monospace,monospace}
@media(max-width:32rem){main{padding:1.25rem}body{padding:.75rem}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.6rem}.list li{flex-wrap:wrap}
table,tbody,tr,td{display:block}thead{display:none}tr{padding:.5rem 0;border-top:1px solid var(--line)}td{padding:.1rem 0;border:0;overflow-wrap:anywhere}
td[data-label]:not(:empty)::before{content:attr(data-label) " ";color:var(--soft)}}
`

/** A door. With an icon in the page itself, browsers do not request one from an upstream. */
const ownIcon = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#1b5e8c"/><path d="M5 13V3h6v10zM9 8h1" fill="#fff" stroke="#1b5e8c"/></svg>',
)}`

/** Headers of a page. It may load only images, cannot be framed, and sends forms only to us and to the origins in `formTargets`. */
export function pageHeaders(
  { scripts = [], formTargets = [] }: Pick<Page, 'scripts' | 'formTargets'> = {},
  look: Look = defaultLook,
): Record<string, string> {
  const styleHash = hash('sha256', style + styleOf(look), 'base64')
  const sources = [localTimes, ...scripts].map(({ source }) => source).join(' ')
  return {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': [
      "default-src 'none'",
      `style-src 'sha256-${styleHash}'`,
      `script-src ${sources}`,
      "connect-src 'self'",
      "img-src 'self' https: data:",
      `form-action ${["'self'", ...formTargets].join(' ')}`,
      "frame-ancestors 'none'",
      "base-uri 'none'",
      // `report-uri` is for browsers that do not know `report-to` (CSP Level 3 §6.5.1).
      ...(look.reports === undefined ? [] : [`report-uri ${look.reports}`, 'report-to csp']),
    ].join('; '),
    ...(look.reports !== undefined && { 'reporting-endpoints': `csp="${look.reports}"` }),
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  }
}

/** Renders a complete page. It works without scripts, in light and dark mode, and on small screens. */
export function renderPage(page: Page, look: Look = defaultLook): string {
  const { title, body, footer, navigation, isWide = false, scripts = [] } = page
  const scriptTags = [localTimes, ...scripts].map(({ text }) => html`<script type="module">${new Html(text)}</script>`)
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="${look.logo ?? ownIcon}">
<title>${title} · ${look.name}</title>
<style>${new Html(style + styleOf(look))}</style>
</head>
<body${navigation === undefined && !isWide ? undefined : html` class="wide"`}>
${headerOf(look, navigation)}
<main>
<h1>${title}</h1>
${body}
${footer === undefined ? undefined : html`<footer>${footer}</footer>`}
</main>
${scriptTags}
</body>
</html>
`.markup
}

function headerOf({ name, logo, support }: Look, navigation: readonly NavigationLink[] = []): Html {
  const links = navigation.map(
    ({ label, href, isCurrent }) =>
      html`<a href="${href}"${isCurrent ? html` aria-current="page"` : undefined}>${label}</a>`,
  )
  return html`<header>
${logo === undefined ? html`<strong>${name}</strong>` : html`<img src="${logo}" alt="${name}">`}
${links.length === 0 ? undefined : html`<nav aria-label="Console" class="actions">${links}</nav>`}
${support === undefined ? undefined : html`<a class="push" href="${support}">Get help</a>`}
</header>`
}

/** How the pages look (`pages` in the configuration). */
export type Look = {
  name: string
  logo?: string | undefined
  color?: string | undefined
  support?: string | undefined
  /** URL to which browsers report what the Content Security Policy has blocked. */
  reports?: string | undefined
}

export const defaultLook: Look = { name: 'Stagedoor' }

/** The style rules for the operator's color. Text on buttons is black or white, whichever is easier to read. */
function styleOf({ color }: Look): string {
  if (color === undefined) return ''
  const ink = luminanceOf(color) > 0.179 ? '#000' : '#fff'
  return `
:root{--accent:${color};--accent-ink:${ink}}
@media(prefers-color-scheme:dark){:root{--accent:color-mix(in srgb,${color} 45%,white);--accent-ink:#000}}
`
}

/** Relative luminance, 0 to 1 (WCAG 2.2). Above 0.179 black text has more contrast than white. */
function luminanceOf(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) =>
    linear(Number.parseInt(color.slice(at, at + 2), 16) / 255),
  )
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function linear(channel: number): number {
  return channel <= 0.040_45 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
}
