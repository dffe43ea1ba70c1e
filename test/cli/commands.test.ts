import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import t, { type Test } from 'tap'

import { repositoryRoot } from '../../scripts/testing/command.ts'
import { processContext } from '../../src/cli/command-context.ts'
import { createProgram } from '../../src/cli/program.ts'
import type { Start } from '../../src/cli/start.ts'
import { configDigest } from '../../src/config/fingerprints.ts'
import { loadConfig } from '../../src/config/load.ts'
import { commandContext, type Run, runCommand } from '../support/command.ts'

const good = `
server: { baseUrl: 'https://portal.example.com' }
auth0: { issuer: 'https://tenant.eu.auth0.com/', clientId: abc, clientSecrets: [hunter2] }
session: { secrets: [0123456789abcdef0123456789abcdef] }
upstreams: { backstage: { url: 'http://127.0.0.1:7007' } }
routes: [{ name: everything, path: /**, allow: authenticated }]
`

const noStart: Start = async () => {}
const loadOnly: Start = async (options) => void (await loadConfig(options))

async function run(t: Test, arguments_: string[], files: Record<string, string> = {}, start = noStart): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-cli-'))
  t.teardown(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  const configs = Object.keys(files).flatMap((name) => ['--config', join(folder, name)])
  return runCommand([...arguments_, ...configs], { folder, start })
}

/** Runs `check --against` with two texts. */
async function diff(t: Test, { former, next }: { former: string; next: string }): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-former-'))
  t.teardown(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'former.yaml'), former)
  return run(t, ['check', '--against', join(folder, 'former.yaml')], { 'a.yaml': next })
}

t.test('check says OK and exits with 0', async (t) => {
  t.same(await run(t, ['check'], { 'a.yaml': good }), { out: 'OK\n', err: '', exitCode: 0 })
})

t.test('check reports warnings and still exits with 0', async (t) => {
  const { out, err, exitCode } = await run(t, ['check'], { 'a.yaml': good, 'b.yaml': 'log: { level: silent }' })
  t.equal(out, 'OK, with 1 warning\n')
  t.equal(exitCode, 0)
  t.equal(
    err,
    [
      'warning: b.yaml:1:8  log.level',
      '    found     "silent"',
      '    expected  a level that shows failures',
      '    note      write info, or error at least',
      '',
    ].join('\n'),
  )
})

t.test('check counts several warnings', async (t) => {
  const { out } = await run(t, ['check'], { 'a.yaml': good, 'b.yaml': 'assertion: { headers: [oauth2-proxy] }' })
  t.equal(out, 'OK, with 2 warnings\n')
})

t.test('check reports every problem with place, value, expectation and fix, and exits with 1', async (t) => {
  const overlay = 'log: { level: inf }\nserver:\n  listen: { port: 70000 }\n'
  const { out, err, exitCode } = await run(t, ['check'], { 'a.yaml': good, 'b.yaml': overlay })
  t.equal(out, '')
  t.equal(exitCode, 1)
  t.equal(
    err,
    `Stagedoor cannot start with this configuration: 2 problems.

b.yaml:1:8  log.level
    found     "inf"
    expected  one of trace, debug, info, warn, error, fatal, silent
    fix       did you mean info?

b.yaml:3:13  server.listen.port
    found     the number 70000
    expected  a whole number between 0 and 65535
    fix       write for example port: 8080
`,
  )
})

t.test('check explains a missing option', async (t) => {
  const { err } = await run(t, ['check'], { 'a.yaml': good.replace('clientId: abc, ', '') })
  t.match(err, /1 problem\.\n\na\.yaml:3:1 {2}auth0\.clientId\n[^]*meaning {3}Client ID of/)
})

t.test('check --print shows the effective configuration without secrets', async (t) => {
  const { out } = await run(t, ['check', '--print'], { 'a.yaml': good })
  t.match(out, /idleTimeout: 1h/)
  t.match(out, /clientSecrets:\n {4}- "\[secret\]"/)
  t.notMatch(out, /hunter2|0123456789abcdef/)
})

t.test(
  "check --print shows the configuration's digest as in the audit trail, which does not depend on secrets",
  async (t) => {
    const digestOf = async (text: string) =>
      /^# Digest, as in the audit trail: ([\w-]{43})\n/.exec(
        (await run(t, ['check', '--print'], { 'a.yaml': text })).out,
      )?.[1]
    const { config } = await loadConfig({ files: ['a.yaml'], env: {}, readText: async () => good })
    t.equal(await digestOf(good), configDigest(config))
    t.equal(await digestOf(good.replace('hunter2', 'hunter3')), configDigest(config))
    t.not(await digestOf(good.replace('portal.example.com', 'other.example.com')), configDigest(config))
  },
)

t.test('check --diff compares with other files: values, hidden secrets, and changes that need a restart', async (t) => {
  const next = good
    .replace('hunter2', 'hunter3')
    .replace("portal.example.com'", "portal.example.com', admin: { port: 9999 }")
  const seen = await diff(t, { former: good, next })
  t.same(seen, {
    out: [
      '2 options change; 1 of them at the next restart only.',
      'server.admin.port  (needs a restart)\n    before    9464\n    after     9999',
      'auth0.clientSecrets[0]\n    before    [secret]\n    after     [another secret]\n',
    ].join('\n\n'),
    err: '',
    exitCode: 0,
  })
})

t.test('check --diff uses the singular for one option, with and without a restart', async (t) => {
  const restart = await diff(t, {
    former: good,
    next: good.replace("portal.example.com'", "portal.example.com', admin: { port: 9999 }"),
  })
  t.match(restart.out, /^1 option changes; it takes effect at the next restart only\.\n\n/)
  const reload = await diff(t, { former: good, next: good.replace('hunter2', 'hunter3') })
  t.match(reload.out, /^1 option changes; no restart is needed\.\n\n/)
})

t.test('check --diff shows an added rule, and escapes characters that would change how the rest reads', async (t) => {
  const rule = '{ name: a, path: /a, allow: { roles: ["r\\u202e"] } }'
  const seen = await diff(t, { former: good, next: good.replace('routes: [', `routes: [${rule}, `) })
  t.match(seen.out, /^2 options change; no restart is needed\.\n\n/)
  t.match(seen.out, /    before    \(not set\)\n    after     \{"name":"a".*"r·"/)
})

t.test('check --diff handles equal files, a former file with a problem, and no file to compare with', async (t) => {
  t.match(await diff(t, { former: good, next: good }), { out: 'Nothing changes.\n', exitCode: 0 })
  const broken = good.replace('clientId: abc, ', '')
  t.match(await diff(t, { former: broken, next: good }), { out: '', err: /former\.yaml:3/, exitCode: 1 })
  t.match(await run(t, ['check', '--diff'], { 'a.yaml': good }), {
    out: '',
    err: /^Name what to compare with: other files \(--against\), or a running gateway.*\n\(stagedoor check --help/,
    exitCode: 1,
  })
})

t.test('check without --config reads default.yaml and prints its full path', async (t) => {
  const { err } = await run(t, ['check'])
  t.match(err, /\n\/.*config\/default\.yaml:\d+:\d+ {2}server\.baseUrl/)
})

t.test('a folder in place of a file is named as given', async (t) => {
  t.match(
    (await runCommand(['check', '--config', '.'], { folder: process.cwd() })).err,
    /\n\.:1:1\n    found     is a directory/,
  )
})

t.test('start gets the files in order', async (t) => {
  const given: string[][] = []
  const start: Start = async ({ files }) => void given.push(files)
  const { exitCode, err } = await run(t, ['start'], { 'a.yaml': '', 'b.yaml': '' }, start)
  t.same(
    given.flat().map((file) => file.slice(-6)),
    ['a.yaml', 'b.yaml'],
  )
  t.same([exitCode, err], [undefined, ''])
})

t.test('start with a bad configuration reports the problems and exits with 1', async (t) => {
  const { exitCode, err } = await run(t, ['start'], { 'a.yaml': 'zebra: 1' }, loadOnly)
  t.equal(exitCode, 1)
  t.match(err, /a\.yaml:1:1 {2}zebra/)
})

const failures: [string, unknown, RegExp][] = [
  [
    'a port that is taken',
    Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' }),
    /Another process has this port/,
  ],
  [
    'a port that needs a privilege',
    Object.assign(new Error('listen EACCES'), { code: 'EACCES', port: 80 }),
    /choose a higher/,
  ],
  [
    'a file that it may not use',
    Object.assign(new Error('/var/lib/keys.json cannot be written: EACCES'), { code: 'EACCES' }),
    /keys\.json cannot be written: EACCES\. The user that runs stagedoor may not use it/,
  ],
  [
    'an address of another machine',
    Object.assign(new Error('listen EADDRNOTAVAIL'), { code: 'EADDRNOTAVAIL' }),
    /EADDRNOTAVAIL\. This machine does not have this address: change server\.listen\.host/,
  ],
  [
    'a host that there is not',
    Object.assign(new Error('getaddrinfo ENOTFOUND gate'), { code: 'ENOTFOUND' }),
    /ENOTFOUND gate\. The host name does not resolve on this machine: write an address into server\.listen\.host/,
  ],
  ['an unforeseen error', new Error('odd'), /cannot start: Error: odd/],
  ['an error without a trace', Object.assign(new Error('odd'), { stack: undefined }), /cannot start: odd/],
  ['something that is no error', 'odd', /cannot start: odd/],
]
for (const [what, failure, expected] of failures) {
  t.test(`start explains ${what} and exits with 1`, async (t) => {
    const { exitCode, err } = await run(t, ['start'], {}, () => Promise.reject(failure))
    t.equal(exitCode, 1)
    t.match(err, expected)
  })
}

t.test('the default context is that of the process', async (t) => {
  const context = processContext(fetch)
  t.equal(context.folder, process.cwd())
  t.equal(context.env, process.env)
})

t.test('doctor --skip refuses an unknown check', async (t) => {
  const { err, exitCode } = await run(t, ['doctor', '--skip', 'backstage', 'auht0'], { 'a.yaml': good })
  t.same([exitCode, err], [2, '--skip: no check begins with auht0; --json lists the checks that ran.\n'])
})

t.test('a command whose output pipe is closed ends silently', async (t) => {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', 'src/cli/main.ts', 'completion', 'fish'],
    {
      cwd: repositoryRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  child.stdout.destroy()
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  t.same([said, code], ['', 0])
})

t.test('--version prints the version of the package', async (t) => {
  const seen: string[] = []
  const program = createProgram(commandContext(), noStart)
    .exitOverride()
    .configureOutput({ writeOut: (text) => seen.push(text) })
  await t.rejects(program.parseAsync(['--version'], { from: 'user' }), { code: 'commander.version' })
  t.match(seen, [/^\d+\.\d+\.\d+/])
})

/** The output and exit code of a wrong call. */
async function misuse(...arguments_: string[]): Promise<string> {
  const seen: string[] = []
  const refuse = () => void seen.push('something was done')
  const context = commandContext({ out: refuse, err: refuse, setExitCode: refuse })
  const program = createProgram(context, async () => refuse())
    .exitOverride()
    .configureOutput({ writeErr: (text) => seen.push(text), writeOut: (text) => seen.push(text) })
  const ended = await program.parseAsync(arguments_, { from: 'user' }).catch((error: unknown) => error)
  return `${seen.join('')}${(ended as { exitCode?: number }).exitCode}`
}

const misuses: [call: string, expected: string[]][] = [
  ['check --nope --neither', ["unknown option '--nope'", "unknown option '--neither'", '(stagedoor check --help']],
  ['check --print --diff', ["option '--diff' cannot be used with option '--print'", '(stagedoor check --help']],
  ['check --prnt', ["unknown option '--prnt'\n(Did you mean --print?)", '(stagedoor check --help']],
  [
    'check one --config',
    ["option '-c, --config <file>' argument missing", 'too many arguments', '(stagedoor check --help'],
  ],
  [
    'policy explain --nope',
    [
      "required option '--as <who>' not specified",
      "unknown option '--nope'",
      "missing required argument 'method'",
      '(stagedoor policy explain --help',
    ],
  ],
  [
    'audit tail -n some --nope',
    ["argument 'some' is invalid", "unknown option '--nope'", '(stagedoor audit tail --help'],
  ],
  [
    'audit search --since soon --until 25:00',
    [
      "argument 'soon' is invalid. Write a time or day",
      "argument '25:00' is invalid",
      '(stagedoor audit search --help',
    ],
  ],
  [
    'audit export --format xml',
    ["argument 'xml' is invalid. Allowed choices are jsonl, csv.", '(stagedoor audit export --help'],
  ],
  [
    'rotate client-secret --limit long --replica here',
    [
      "argument 'long' is invalid. It is a number of seconds",
      "argument 'here' is invalid. It is a URL",
      'client-secret --help',
    ],
  ],
  ['chekc', ["unknown command 'chekc'\n(Did you mean check?)", '(stagedoor --help']],
  ['policy tset', ["unknown command 'tset'\n(Did you mean test?)", '(stagedoor policy --help']],
  ['policy --nope', ["unknown option '--nope'", '(stagedoor policy --help']],
]
for (const [call, expected] of misuses) {
  t.test(`stagedoor ${call}: every mistake is reported with the help command, and nothing is done`, async (t) => {
    const said = await misuse(...call.split(' '))
    for (const part of expected) t.match(said, part)
    t.match(said, /--help shows the usage\)\n1$/)
    t.notMatch(said, 'something was done')
    t.equal(said.split('--help').length, 2, 'once')
  })
}
