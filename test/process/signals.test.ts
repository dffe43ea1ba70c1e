import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import t from 'tap'

import { repositoryRoot } from '../../scripts/testing/command.ts'

const script = `
  import { closeOnSignal } from './src/process/signals.ts'
  const logger = { info() {}, error: ({ err }, text) => console.log(text + ': ' + err.message) }
  const close = async () => { throw new Error('EIO') }
  closeOnSignal(close, () => 600_000, { logger, closeLog: async () => console.log('the log is sent') })
  setInterval(() => undefined, 60_000)
  process.kill(process.pid, 'SIGTERM')
`

t.test('a process that fails to close a part logs it, flushes its log and exits with code 1', async (t) => {
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script]
  const ended = await promisify(execFile)(process.execPath, args, { cwd: repositoryRoot }).catch((error) => error)
  t.match(ended, { code: 1, stdout: 'resources of the process could not be closed: EIO\nthe log is sent\n' })
})
