import { spawnSync } from 'node:child_process'

import t from 'tap'

import { repositoryRoot } from '../../scripts/testing/command.ts'

t.test('the local Auth0 loads without a warning, on every supported version of Node', async (t) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--eval', "import('./auth0/local/server.ts')"], {
    cwd: repositoryRoot,
    encoding: 'utf8',
  })
  t.same({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' })
})
