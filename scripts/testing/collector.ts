import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { env } from 'node:process'

import { repositoryRoot, runCommand } from './command.ts'
import { isExecutable, isInstalled, searchPath } from './programs.ts'

const version = 'v0.165.0'
const builder = `go.opentelemetry.io/collector/cmd/builder@${version}`

/** The components that the drill needs: OTLP in, OTLP out. */
const partsFor = (folder: string): string => `dist: { name: otelcol, output_path: ${JSON.stringify(folder)} }
receivers:
  - gomod: go.opentelemetry.io/collector/receiver/otlpreceiver ${version}
exporters:
  - gomod: go.opentelemetry.io/collector/exporter/otlphttpexporter ${version}
`

/**
 * A real OpenTelemetry collector: `OTELCOL`, one on the PATH, or one that Go builds from the project's own modules, once, in some
 * minutes.
 * @returns its path; undefined where there is none and no Go to build it
 */
export async function ensureCollector(log: (line: string) => void): Promise<string | undefined> {
  const folder = join(repositoryRoot, '.cache', 'otelcol')
  const built = join(folder, 'otelcol')
  const found = [env['OTELCOL'] ?? '', ...searchPath().map((each) => join(each, 'otelcol')), built].find(isExecutable)
  if (found !== undefined) return found
  if (!isInstalled('go')) return undefined
  log('Building an OpenTelemetry collector (once, some minutes) …')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'parts.yaml')
  writeFileSync(file, partsFor(folder))
  const code = await runCommand('go', ['run', builder, '--config', file])
  return code === 0 ? built : undefined
}
