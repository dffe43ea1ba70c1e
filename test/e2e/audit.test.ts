import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t from 'tap'

import { openChromium } from '../support/chromium.ts'
import { runCommand } from '../support/command.ts'
import { until } from '../support/until.ts'
import { openAs, timeout } from './people.ts'
import { startPortal } from './portal.ts'

t.setTimeout(600_000)

async function run(...args: string[]): Promise<{ code: number; text: string }> {
  const { out, err, exitCode = 0 } = await runCommand(['audit', ...args])
  return { code: exitCode, text: out + err }
}

t.test('a person unregisters a component, and the trail names them and verifies', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-e2e-audit-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'audit.jsonl')
  const portal = await startPortal(t, { config: { audit: { sinks: [{ file: { path } }] } } })
  const context = await openChromium(t)
  const page = await openAs(context, portal, 'Jane Doe', '/catalog')
  await page.getByText('build-farm').first().waitFor({ timeout })
  await page.getByRole('link', { name: 'build-farm' }).first().click({ timeout })
  await page.getByRole('button', { name: 'More actions' }).click({ timeout })
  await page.getByRole('menuitem', { name: 'Unregister entity' }).click({ timeout })
  // The component comes from a file of Backstage's configuration: the dialog deletes the entity, and no location.
  await page.getByRole('dialog').getByRole('button', { name: 'Delete Entity' }).click({ timeout })
  await until(async () => (await run('search', path, '--class', 'catalog-write')).text.includes('answered'))
  const found = await run('search', path, '--class', 'catalog-write')
  t.match(
    found.text,
    /admin-action {2}catalog-write {2}begun {2}Jane Doe = auth0\|\S+ {2}DELETE \/api\/catalog\/entities\/by-uid\//,
  )
  t.match(found.text, /admin-action {2}catalog-write {2}answered {2}Jane Doe = /)
  t.comment(found.text)
  await portal.app.close()
  const whole = await run('verify', path, '--checkpoints', `${path}.checkpoints`)
  t.match(whole, { code: 0, text: /The trail is whole/ }, whole.text)
})
