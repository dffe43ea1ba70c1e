import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import t from 'tap'

const run = promisify(execFile)
const program = join(import.meta.dirname, 'carry-bytes.ts')

t.test('what is carried does not force collections of everything', async (t) => {
  const byDefault = await fullCollections()
  const ours = await fullCollections('young')
  t.ok(byDefault >= 4, `by default each 64 MiB force one: ${byDefault}`)
  t.ok(ours < byDefault, `${ours} of ${byDefault}`)
})

async function fullCollections(...args: string[]): Promise<number> {
  // Without the environment of the tests, whose instruments have a heap of their own.
  const { stdout } = await run(process.execPath, [program, ...args], { env: {} })
  return Number(stdout)
}
