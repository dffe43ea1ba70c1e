/** Every command on a page exists, and those of `stagedoor` that need no network run. */
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { CommanderError, type Command } from 'commander'
import t, { type Test } from 'tap'
import { parse, stringify } from 'yaml'

import { repositoryRoot } from '../../scripts/testing/command.ts'
import { createProgram } from '../../src/cli/program.ts'
import { trailOf } from '../audit/support.ts'
import { folderWith } from '../config/support.ts'
import { commandContext } from '../support/command.ts'
import { readBlocks, readPages } from './pages.ts'

type Line = { place: string; text: string }

/** Commands of the blocks, each on one line, without comments and prompts. */
const lines: Line[] = readBlocks('sh', 'bash', 'console').flatMap(({ place, language, text }) =>
  text
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^\s*#/.test(line) && (language !== 'console' || line.startsWith('$ ')))
    .map((line) => ({ place, text: line.replace(/^\$ /, '').replace(/\s+# .*$/, '') })),
)

/** The commands of a line: the parts before and after `&&` and `|`, and inside `$( )`. */
const partsOf = ({ place, text }: Line): Line[] =>
  text
    .split(/&&|\|\||\||;|\$\(|\)/)
    .map((part) => ({ place, text: part.trim() }))
    .filter(({ text }) => /^[a-z][\w.-]*(?: |$)/.test(text))

const commands = lines.flatMap(partsOf)
const ofProgram = (program: string): Line[] => commands.filter(({ text }) => text.split(' ')[0] === program)

/** Words as a shell splits them, up to the first redirection. */
const wordsOf = (text: string): string[] =>
  [...text.replace(/ [<>].*$/, '').matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  )

class Parsed extends Error {}

/** The parser of `stagedoor`, which stops before any work. */
function createParser(): Command {
  const nothing = () => {}
  const program = createProgram(commandContext(), async () => {})
  const prepare = (command: Command): void => {
    command.exitOverride().configureOutput({ writeOut: nothing, writeErr: nothing })
    command.commands.forEach(prepare)
  }
  prepare(program)
  return program.hook('preAction', () => {
    throw new Parsed()
  })
}

async function problemOf(words: string[]): Promise<string | undefined> {
  try {
    await createParser().parseAsync(words, { from: 'user' })
    return 'nothing was to do'
  } catch (error) {
    if (error instanceof Parsed) return undefined
    if (error instanceof CommanderError && error.code === 'commander.version') return undefined
    return String(error)
  }
}

t.test('a shell can parse every shell block', async (t) => {
  for (const { place, text } of readBlocks('sh', 'bash')) {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' })
    t.equal(status, 0, `${place}: ${stderr}`)
  }
})

t.test('every stagedoor command in a block exists, with its options', async (t) => {
  // The words after the image's name in `docker run` are a stagedoor command, too.
  const inContainers = ofProgram('docker').flatMap(({ place, text }) => {
    const [, command] = / stagedoor (start .*)$/.exec(text) ?? []
    return command === undefined ? [] : [{ place, text: `stagedoor ${command}` }]
  })
  const written = [...ofProgram('stagedoor'), ...inContainers]
  t.ok(written.length > 10)
  for (const { place, text } of written) {
    t.equal(await problemOf(wordsOf(text).slice(1)), undefined, `${place}: ${text}`)
  }
})

t.test('every stagedoor command in a sentence exists', async (t) => {
  for (const { name: page, text } of readPages()) {
    for (const [, command = ''] of text.matchAll(/`stagedoor ([a-z][^`]*)`/g)) {
      const words = wordsOf(command)
      const names = words.slice(
        0,
        Math.max(
          0,
          words.findIndex((word) => !/^[a-z][a-z0-9|-]*$/.test(word)),
        ) || undefined,
      )
      for (const alternative of names.at(-1)?.split('|') ?? []) {
        const path = [...names.slice(0, -1), alternative]
        t.ok(findCommand(path), `${page}: stagedoor ${path.join(' ')}`)
      }
      const options = findCommand(names.slice(0, 2))?.options ?? findCommand(names.slice(0, 1))?.options ?? []
      for (const word of words.filter((word) => word.startsWith('--'))) {
        t.ok(
          options.some(({ long }) => long === word),
          `${page}: stagedoor ${command}`,
        )
      }
    }
  }
})

/** The command at these names; operands may follow it. */
function findCommand([name, ...others]: string[], from: Command = createParser()): Command | undefined {
  const found = from.commands.find((command) => command.name() === name)
  if (found === undefined || others.length === 0) return found
  return found.commands.length === 0 ? found : findCommand(others, found)
}

const packageNames = globSync('{packages,plugins}/*/package.json', { cwd: repositoryRoot }).map(
  (file): string => JSON.parse(readFileSync(join(repositoryRoot, file), 'utf8')).name,
)

t.test('every package of ours that a command installs exists', async (t) => {
  for (const { place, text } of commands) {
    for (const [, name = ''] of text.matchAll(/(@stagedoor\/[a-z0-9-]+)/g))
      t.ok(packageNames.includes(name), `${place}: ${name}`)
  }
})

const yamlBlocks = readBlocks('yaml')
/** The first block that starts with this text. */
const blockWith = (start: string): string => yamlBlocks.find(({ text }) => text.startsWith(start))?.text ?? ''

/** A folder with the files that the pages show, and a trail. */
async function folderOfPages(t: Test): Promise<string> {
  const { lines, checkpoint, key } = trailOf('w', 3)
  const shown = {
    ...parse(blockWith('# stagedoor.yaml')),
    ...parse(yamlBlocks.find(({ place }) => place.startsWith('docs/policy.md'))?.text ?? ''),
  }
  const audit = {
    sinks: [{ file: { path: 'audit.jsonl' } }],
    keys: { store: 'file', path: 'audit-keys.json' },
  }
  const keys = JSON.stringify({ keys: [key.publicJwk] })
  return await folderWith(t, {
    'stagedoor.yaml': stringify({ ...shown, audit }),
    'new.yaml': stringify({ ...shown, audit }),
    'session-secret': 'a secret of a test that is long enough',
    'oauth2-proxy.cfg': readBlocks('toml')[0]?.text ?? '',
    'policy-tests.yaml': blockWith('# policy-tests.yaml'),
    'audit.jsonl': `${lines.join('\n')}\n`,
    'checkpoints.from.another.machine': `${checkpoint}\n`,
    'jwks.json': keys,
    'audit-keys.json.public': keys,
  })
}

/** Commands that need no network. A search without results exits with 1. */
const offline = /^stagedoor (?:check(?!.* --url)|policy|token decode|audit)\b/
const token = ['{"alg":"RS256","kid":"k"}', '{"sub":"auth0|1"}', 'a signature']
  .map((part) => Buffer.from(part).toString('base64url'))
  .join('.')

t.test('every command of stagedoor that needs no network runs, with the files of the pages', async (t) => {
  const folder = await folderOfPages(t)
  const main = join(repositoryRoot, 'src/cli/main.ts')
  const env = { ...process.env, AUTH0_CLIENT_ID: 'abc', AUTH0_CLIENT_SECRET: 'a-secret-of-a-test' }
  const written = ofProgram('stagedoor').filter(({ text }) => offline.test(text))
  for (const text of new Set(written.map(({ text }) => text))) {
    const words = wordsOf(text.replace('eyJ…', token)).slice(1)
    const { status, stderr, stdout } = spawnSync(process.execPath, [main, ...words], {
      cwd: folder,
      env,
      encoding: 'utf8',
    })
    const fine = /^stagedoor audit (?:search|export)/.test(text) ? [0, 1] : [0]
    t.ok(fine.includes(status ?? -1), `${text}: ${stderr}${stdout}`)
  }
})
