import { globSync, readFileSync } from 'node:fs'

import t from 'tap'
import { parse } from 'yaml'

import { repositoryRoot } from '../../scripts/testing/command.ts'
import { startStack } from '../support/stack.ts'

const textOf = (path: string): string => readFileSync(`${repositoryRoot}/${path}`, 'utf8')

type Panel = { title: string; targets: { expr: string }[] }
type Alert = { alert: string; expr: string; labels: { severity: string }; annotations: Record<string, string> }

const panels = (JSON.parse(textOf('deploy/grafana/dashboard.json')) as { panels: Panel[] }).panels
const alerts = (parse(textOf('deploy/grafana/alerts.yaml')) as { groups: { rules: Alert[] }[] }).groups.flatMap(
  ({ rules }) => rules,
)

/** Metric names of a serving process. Names of merged workers are defined in one more place. */
async function metricNames(): Promise<Set<string>> {
  const stack = await startStack(t)
  const { body } = await stack.admin.inject('/metrics')
  const served = [...body.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => String(name))
  const sources = globSync('src/process/**/*.ts', { cwd: repositoryRoot }).map(textOf)
  const ofWorkers = sources.flatMap((text) =>
    [...text.matchAll(/name: '(stagedoor_\w+)'/g)].map(([, name]) => String(name)),
  )
  return new Set([...served, ...ofWorkers])
}

const namesIn = (expr: string): string[] =>
  [...expr.matchAll(/stagedoor_\w+/g)].map(([name]) => name.replace(/_bucket$/, ''))

const names = await metricNames()

for (const { title, targets } of panels) {
  t.test(`the panel "${title}" uses existing metrics`, async (t) => {
    const asked = targets.flatMap(({ expr }) => namesIn(expr))
    t.ok(asked.length > 0)
    t.same(
      asked.filter((name) => !names.has(name)),
      [],
    )
  })
}

for (const { alert, expr, labels, annotations } of alerts) {
  t.test(`the alert ${alert} uses existing metrics and states the remedy`, async (t) => {
    t.ok(namesIn(expr).length > 0)
    t.same(
      namesIn(expr).filter((name) => !names.has(name)),
      [],
    )
    t.match(labels.severity, /^(?:warning|critical)$/)
    t.match(annotations, { summary: /\S/, description: /\S/ })
  })
}

t.test('every metric about the audit trail has a panel', async (t) => {
  const shown = new Set(panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => namesIn(expr))))
  t.same(
    [...names].filter((name) => name.startsWith('stagedoor_audit_') && !shown.has(name)),
    [],
  )
})
