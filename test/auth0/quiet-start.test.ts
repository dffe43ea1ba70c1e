import { spawnSync } from 'node:child_process'

import t from 'tap'

import { repositoryRoot } from '../../scripts/testing/command.ts'

t.test('the stand-in warns of nothing when it is loaded, on whatever Node the project runs', async (t) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--eval', "import('./auth0/local/server.ts')"], {
    cwd: repositoryRoot,
    encoding: 'utf8',
  })
  t.same({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' })
})
