import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t from 'tap'

import { repositoryRoot } from '../../scripts/testing/command.ts'

const unit = readFileSync(join(repositoryRoot, 'deploy/systemd/stagedoor.service'), 'utf8')

const skip = existsSync('/usr/bin/systemd-analyze') ? false : 'no systemd on this machine'

t.test('systemd accepts every line of the unit', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-unit-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const verify = (text: string) => {
    const file = join(folder, 'stagedoor.service')
    // systemd also checks that the program exists: this test's own Node replaces it.
    writeFileSync(file, text.replaceAll('/usr/bin/node', process.execPath))
    return spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' }).stderr
  }
  t.notMatch(verify(unit), /stagedoor\.service/)
  t.match(verify(unit.replace('DynamicUser=yes', 'DynamicUsers=yes')), /DynamicUsers/, 'a mistake is seen')
})

t.test('the unit lets Node list the addresses of the machine, which a listener on 0.0.0.0 needs', async (t) => {
  const [, families = ''] = /^RestrictAddressFamilies=(.+)$/m.exec(unit) ?? []
  t.same(families.split(' ').toSorted(), ['AF_INET', 'AF_INET6', 'AF_NETLINK', 'AF_UNIX'])
})
