/**
 * Requests that used a published hole of another gateway, and what each does here; `docs/security/advisories.md` lists them.
 * Each file says what is refused and names the advisories; they run in one process, which starts soonest.
 */
import { readdirSync } from 'node:fs'

import t from 'tap'

// All files together, on a machine that is busy.
t.setTimeout(600_000)

for (const file of readdirSync(import.meta.dirname)) {
  if (file.endsWith('.ts') && !file.endsWith('.test.ts')) await import(`./${file}`)
}
