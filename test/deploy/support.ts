import { readFileSync } from 'node:fs'

import { parseAllDocuments } from 'yaml'

import { manifestPath, type RenderedMode } from '../../scripts/manifests.ts'

export type Manifest = {
  apiVersion: string
  kind: string
  metadata: { name: string }
  spec?: Record<string, unknown>
  data?: Record<string, string>
}

/** The documents of a YAML stream, without the empty ones. */
export const manifestsIn = (text: string): Manifest[] =>
  parseAllDocuments(text)
    .map((document): Manifest | null => document.toJS())
    .filter((manifest) => manifest !== null)

export const committedManifests = (mode: RenderedMode): Manifest[] =>
  manifestsIn(readFileSync(manifestPath(mode), 'utf8'))
