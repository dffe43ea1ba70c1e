/**
 * Requests that exploit published vulnerabilities of other gateways, and their outcome here; `docs/security/advisories.md` lists them.
 * Each file tests one kind of refusal and names its advisories. All files run in one process, which starts fastest.
 */
import { readdirSync } from 'node:fs'

import t from 'tap'

// The timeout covers all files on a busy machine.
t.setTimeout(600_000)

for (const file of readdirSync(import.meta.dirname)) {
  if (file.endsWith('.ts') && !file.endsWith('.test.ts')) await import(`./${file}`)
}
