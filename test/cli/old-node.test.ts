import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { repositoryRoot } from '../../scripts/testing/command.ts'
import { oldNodeSentence } from '../../src/cli/node-version.ts'

t.test('an outdated Node is reported with the required version', async (t) => {
  for (const version of ['18.20.8', '20.20.2', '22.21.0', '24.10.9']) {
    t.match(oldNodeSentence(version), `Stagedoor needs Node 24.11 or 26, and this is ${version}`)
  }
})

t.test('the command runs with every supported Node and newer ones', async (t) => {
  for (const version of ['24.11.0', '24.12.1', '26.0.0', '27.1.0', process.versions.node]) {
    t.equal(oldNodeSentence(version), undefined, version)
  }
  const { engines } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
    engines: { node: string }
  }
  t.equal(engines.node, '^24.11.0 || ^26.0.0', 'the same versions as in node-version.ts')
})

t.test('the version check runs before code that an old Node cannot load', async (t) => {
  const imports = (file: string): string[] =>
    [...readFileSync(join(repositoryRoot, 'src/cli', file), 'utf8').matchAll(/^import .*'(.+)'$/gm)].map(
      ([, name]) => name ?? '',
    )
  t.same(imports('main.ts'), ['./node-version.ts'])
  t.same(imports('node-version.ts'), [])
})

t.test('with an outdated Node the command only reports it', async (t) => {
  const pretend = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } })'
  const command = ['--import', `data:text/javascript,${pretend}`, 'src/cli/main.ts', '--version']
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: repositoryRoot, encoding: 'utf8' })
  t.match({ status, stdout, stderr }, { status: 1, stdout: '', stderr: /^Stagedoor needs Node .* this is 20\.20\.2/m })
})
