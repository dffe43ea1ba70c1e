/** `npm run manifests`: renders the chart's examples to `deploy/kubernetes/`, for clusters without Helm. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { repositoryRoot } from './testing/command.ts'
import { ensureHelm, helmPath } from './testing/helm.ts'

const chart = join(repositoryRoot, 'deploy/helm/stagedoor')

export const renderedModes = ['ingress', 'sidecar'] as const
export type RenderedMode = (typeof renderedModes)[number]

/** The values of an example; `ingress` and `sidecar` are also rendered. */
export const exampleValues = (mode: RenderedMode): string => join(chart, 'ci', `${mode}.yaml`)

/** The path of the rendered example. */
export const manifestPath = (mode: RenderedMode): string => join(repositoryRoot, 'deploy/kubernetes', `${mode}.yaml`)

/** The output of Helm, and whether it succeeded. */
export type HelmOutcome = { isFine: boolean; stdout: string; stderr: string }

/** Runs `helm <verb>` on the chart. */
export const runHelm = (helm: string, verb: readonly string[], ...args: readonly string[]): HelmOutcome => {
  const { status, stdout, stderr } = spawnSync(helm, [...verb, chart, '--kube-version', '1.34.0', ...args], {
    encoding: 'utf8',
  })
  return { isFine: status === 0, stdout, stderr }
}

/**
 * The manifests of an example, as committed.
 * @throws Error with the output of Helm
 */
export const renderExample = (helm: string, mode: RenderedMode): string => {
  const args = ['--namespace', 'developer-portal', '-f', exampleValues(mode)]
  const { isFine, stdout, stderr } = runHelm(helm, ['template', 'portal'], ...args)
  if (!isFine) throw new Error(stderr)
  const heading = `# Rendered from deploy/helm/stagedoor with ci/${mode}.yaml by \`npm run manifests\`: copy, then edit the copy.\n`
  return `${heading}${stdout}`
}

if (import.meta.main) {
  await ensureHelm()
  const helm = helmPath()
  if (helm === undefined) throw new Error('helm is not installed, and there is no Go to compile it with')
  for (const mode of renderedModes) writeFileSync(manifestPath(mode), renderExample(helm, mode))
}
