/**
 * `npm run test:stock-backstage`: makes the app of `@backstage/create-app` in a temporary folder from the registry, adds our
 * tarballs and the lines of the guide, and runs a browser through it. Takes some minutes and 2 GB.
 *
 *   --legacy             the template of the old frontend system
 *   --newest             the newest release of each Backstage package, in place of those of the template
 *   --create-app 0.9.2   the version of the template; default: latest
 *   --keep               leaves the folder, and says where it is
 *   --screenshots folder pictures of what the browser saw
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { freePort } from '../testing/ports.ts'
import { hasSettingsPages, makeStockApp } from './app.ts'
import { checkInBrowser } from './check.ts'
import { installTools } from './commands.ts'
import { startStack } from './stack.ts'

const { values } = parseArgs({
  options: {
    legacy: { type: 'boolean', default: false },
    newest: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    screenshots: { type: 'string' },
    'create-app': { type: 'string', default: 'latest' },
  },
})

const startedAtMs = performance.now()
const folder = await mkdtemp(join(tmpdir(), 'stagedoor-stock-'))
try {
  const app = join(folder, 'app')
  const gatewayUrl = `http://localhost:${await freePort()}`
  const backstagePort = await freePort()
  const tools = await installTools(join(folder, 'tools'), values['create-app'])
  await makeStockApp(app, tools, { isLegacy: values.legacy, isNewest: values.newest, gatewayUrl, backstagePort })
  const stop = await startStack({ app, gatewayUrl, backstagePort })
  try {
    await checkInBrowser({
      gatewayUrl,
      backstageUrl: `http://127.0.0.1:${backstagePort}`,
      hasSettingsPages: values.legacy || (await hasSettingsPages(app)),
      screenshots: values.screenshots ?? app,
    })
  } finally {
    await stop()
  }
  console.log(`All well after ${Math.round((performance.now() - startedAtMs) / 1000)} s`)
} finally {
  if (values.keep) console.log(`The app is in ${folder}`)
  else await rm(folder, { recursive: true, force: true })
}
