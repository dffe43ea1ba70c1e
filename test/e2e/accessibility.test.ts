import { readFileSync } from 'node:fs'

import type { AxeResults } from 'axe-core'
import t from 'tap'

import { openChromium } from '../support/chromium.ts'
import { startStack } from '../support/stack.ts'
import { signIn } from './people.ts'

t.setTimeout(600_000)

const routes = [
  { name: 'open', path: '/open/**', allow: 'authenticated', title: 'Open to everybody', description: 'A page' },
  { name: 'closed', path: '/closed/**', allow: { roles: ['nobody-has-this'] }, title: 'Closed' },
  { name: 'safe', path: '/safe/**', allow: { mfa: {} }, title: 'Behind a second factor' },
  { name: 'everything', path: '/**', allow: 'authenticated' },
]

const paths = [
  '/.stagedoor/',
  '/.stagedoor/token',
  '/.stagedoor/logout',
  '/.stagedoor/logout?everywhere=true',
  '/.stagedoor/nothing-here',
  '/closed/page',
  '/.stagedoor/admin/',
  '/.stagedoor/admin/sessions',
  '/.stagedoor/admin/decisions',
  '/.stagedoor/admin/audit',
  '/.stagedoor/admin/explain?method=GET&path=/closed/page',
  '/.stagedoor/admin/configuration',
]

const statuses = new Map([
  ['/.stagedoor/nothing-here', 404],
  ['/closed/page', 403],
])

// Evaluate axe as an expression: the page's Content-Security-Policy would refuse a script element.
const axe = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')

t.test('axe finds no faults on the login page of the local Auth0, in both themes', async (t) => {
  const { url } = await startStack(t)
  const page = await (await openChromium(t)).newPage()
  await page.goto(`${url}/`)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.evaluate(axe)
    const { violations }: AxeResults = await page.evaluate('axe.run()')
    t.same(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
      [],
      colorScheme,
    )
  }
})

t.test('axe finds no faults on any page, in both themes, and every page fits a phone', async (t) => {
  const { url } = await startStack(t, { config: { routes, pages: { name: 'Developer portal', color: '#7a1fa2' } } })
  const context = await openChromium(t)
  const page = await context.newPage()
  await page.goto(`${url}/.stagedoor/`)
  await signIn(page, 'Jane Doe')
  await page.waitForURL(`${url}/.stagedoor/`)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    for (const path of paths) {
      await page.setViewportSize({ width: 390, height: 844 })
      const answer = await page.goto(url + path)
      t.equal(answer?.status(), statuses.get(path) ?? 200, `${path} is the page that was meant`)
      const width = Number(await page.evaluate('document.documentElement.scrollWidth'))
      t.ok(width <= 390, `${path}: ${width} pixels wide`)
      await page.setViewportSize({ width: 1440, height: 900 })
      await page.evaluate(axe)
      const { violations, passes }: AxeResults = await page.evaluate('axe.run()')
      t.ok(passes.length > 5, `${path}: axe looked`)
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
      t.same(found, [], `${path} in ${colorScheme}`)
    }
  }
})
