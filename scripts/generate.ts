import { readFileSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { z } from 'zod'

import { auditRecordSchema } from '../src/audit/record-schema.ts'
import { optionTree } from '../src/config/option.ts'
import { chartValuesPage } from './generate/chart-values-page.ts'
import { defaultYaml } from './generate/default-yaml.ts'
import { errorsPage } from './generate/errors-page.ts'
import { jsonSchema } from './generate/json-schema.ts'
import { referencePage } from './generate/reference-page.ts'

const projectFolder = dirname(import.meta.dirname)
const chartSchema = 'deploy/helm/stagedoor/values.schema.json'

/** Every file that comes from the schema of the configuration, the error table or the chart's schema, by its path in the project. */
export function generatedFiles(): Record<string, string> {
  const root = optionTree()
  return {
    'config/default.yaml': defaultYaml(root),
    'config/schema.json': jsonSchema(root),
    'docs/config.md': referencePage(root),
    'docs/errors.md': errorsPage(),
    'docs/audit-record.schema.json': recordSchema(),
    'docs/chart-values.md': chartValuesPage(readFileSync(join(projectFolder, chartSchema), 'utf8')),
  }
}

function recordSchema(): string {
  const title = 'A record of the audit trail of Stagedoor, version 1'
  return `${JSON.stringify({ title, ...z.toJSONSchema(auditRecordSchema) }, null, 2)}\n`
}

/** The generated files whose text on disk differs from their source. */
export async function staleFiles(): Promise<string[]> {
  const stale: string[] = []
  for (const [path, text] of Object.entries(generatedFiles())) {
    const found = await readFile(join(projectFolder, path), 'utf8').catch(() => undefined)
    if (found !== text) stale.push(path)
  }
  return stale
}

async function writeAll(): Promise<void> {
  for (const [path, text] of Object.entries(generatedFiles())) {
    await mkdir(dirname(join(projectFolder, path)), { recursive: true })
    await writeFile(join(projectFolder, path), text)
    console.log(`wrote ${path}`)
  }
}

async function check(): Promise<void> {
  const stale = await staleFiles()
  for (const path of stale) console.error(`${path} differs from its source: run npm run generate`)
  process.exitCode = stale.length === 0 ? 0 : 1
}

if (import.meta.main) await (process.argv.includes('--check') ? check() : writeAll())
