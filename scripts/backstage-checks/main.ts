/**
 * `npm run lint:backstage`: runs Backstage's own tools on our packages, in a workspace of the layout that they expect.
 * `npm run lint:backstage -- --write` updates the API reports after a change of a package's exports.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'

import { hasFindings, readKnipReports } from './knip.ts'
import { copyReportsBack, stageWorkspace } from './workspace.ts'

type Check = { title: string; run: (folder: string) => Promise<boolean> }

const root = join(import.meta.dirname, '../..')

/** Whether the command, a tool of the workspace or our own, succeeded. Its output goes to our output. */
async function succeeds(folder: string, command: string, ...parameters: string[]): Promise<boolean> {
  const bins = [folder, root].map((where) => join(where, 'node_modules/.bin'))
  const env = { ...process.env, PATH: [...bins, process.env['PATH']].join(delimiter) }
  const child = spawn(command, parameters, { cwd: folder, env, stdio: ['ignore', 'inherit', 'inherit'] })
  const [exitCode] = await once(child, 'close')
  return exitCode === 0
}

const check = (title: string, command: string, ...parameters: string[]): Check => ({
  title,
  run: async (folder) => succeeds(folder, command, ...parameters),
})

const isWriting = process.argv.includes('--write')

const checks: Check[] = [
  check('Lint', 'backstage-cli', 'repo', 'lint', '--max-warnings', '0'),
  check('Metadata', 'backstage-cli', 'repo', 'fix', '--check', '--publish'),
  check('Dependencies of types', 'backstage-repo-tools', 'type-deps'),
  {
    title: 'API reports',
    async run(folder) {
      const mode = isWriting ? '--allow-all-warnings' : '--ci'
      const isFine =
        (await succeeds(folder, 'tsc', '--project', '.')) &&
        (await succeeds(folder, 'backstage-repo-tools', 'api-reports', '--validate-release-tags', mode))
      if (isFine && isWriting) await copyReportsBack(folder)
      return isFine
    },
  },
  {
    title: 'Knip',
    async run(folder) {
      const isDone = await succeeds(folder, 'backstage-repo-tools', 'knip-reports')
      const reports = (await readKnipReports(folder)).filter(hasFindings)
      for (const { name, text } of reports) console.log(`${name}:\n${text}`)
      return isDone && reports.length === 0
    },
  },
]

const folder = await stageWorkspace(console.log)
const failed: string[] = []
for (const { title, run } of checks) {
  console.log(`\n── ${title}`)
  if (!(await run(folder))) failed.push(title)
}
console.log(`\n${checks.length - failed.length} passed, ${failed.length} failed`)
if (failed.length > 0) console.log(`Failed: ${failed.join('; ')}`)
process.exitCode = failed.length > 0 ? 1 : 0
