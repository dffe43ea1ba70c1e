import { type Html, createScript } from '../html.ts'
import type { Page } from '../layout.ts'

const labels = {
  overview: 'Overview',
  sessions: 'Sessions',
  decisions: 'Decisions',
  audit: 'Audit trail',
  explain: 'Explain',
  configuration: 'Configuration',
}

type ConsolePage = keyof typeof labels

/** Updates the page in place: on each event it fetches the page again and replaces its live part. */
const live = createScript(`
const part = document.querySelector('[data-live]')
if (part) {
  let isFetching = false
  new EventSource(part.dataset.live).addEventListener('records', async () => {
    if (isFetching || document.hidden || part.contains(document.activeElement)) return
    isFetching = true
    try {
      const response = await fetch(location.href, { headers: { accept: 'text/html' } })
      if (!response.ok) return location.reload()
      const fresh = new DOMParser().parseFromString(await response.text(), 'text/html').querySelector('[data-live]')
      if (fresh) part.replaceChildren(...fresh.childNodes)
      document.dispatchEvent(new Event('replaced'))
    } finally {
      setTimeout(() => { isFetching = false }, 1000)
    }
  })
}
`)

/** A page of the console, with links to the others and a live part that updates itself. */
export function consolePage(page: ConsolePage, body: Html, base: string): Page {
  const pages = Object.keys(labels) as ConsolePage[]
  return {
    title: labels[page],
    body,
    navigation: [
      ...pages.map((each) => ({
        label: labels[each],
        href: each === 'overview' ? `${base}/` : `${base}/${each}`,
        isCurrent: each === page,
      })),
      { label: 'My account', href: base.replace(/admin$/, ''), isCurrent: false },
    ],
    scripts: [live],
  }
}
