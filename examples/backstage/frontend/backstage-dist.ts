import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { loadConfigSchema } from '@backstage/config-loader'
import type { Plugin } from 'vite'

const dist = join(import.meta.dirname, 'dist')

/**
 * Adds what Backstage's backend needs to serve this bundle with the right configuration: the page as a template, and
 * the schema that says which configuration values a browser may see.
 */
export function backstageDist(): Plugin {
  return {
    name: 'backstage-dist',
    apply: 'build',
    async closeBundle() {
      await rename(join(dist, 'index.html'), join(dist, 'index.html.tmpl'))
      const schema = await loadConfigSchema({ dependencies: await dependencyNames() })
      await writeFile(join(dist, '.config-schema.json'), JSON.stringify(schema.serialize()))
    },
  }
}

async function dependencyNames(): Promise<string[]> {
  const manifest: unknown = JSON.parse(await readFile(join(import.meta.dirname, '../package.json'), 'utf8'))
  if (typeof manifest !== 'object' || manifest === null || !('dependencies' in manifest)) return []
  return Object.keys(manifest.dependencies ?? {}).filter((name) => name !== 'app')
}
