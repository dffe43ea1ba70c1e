import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Argument } from 'commander'
import t, { type Test } from 'tap'

import { Command } from '../../src/cli/command.ts'
import { placesIn, completionScript, type Shell, shells } from '../../src/cli/completion.ts'
import { runCommand } from '../support/command.ts'

/** The script that the command prints. */
const printed = async (shell: Shell): Promise<string> => (await runCommand(['completion', shell])).out

async function fileWith(t: Test, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-completion-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'script')
  await writeFile(file, text)
  return file
}

const missing = (shell: Shell) => spawnSync(shell, ['-c', 'exit 0']).error !== undefined && `${shell} is not installed`

/** The typed text, and some of its completions. */
const rows: [typed: string[], words: string[], absent: string[]][] = [
  [['st'], ['start'], ['check']],
  [['audit', ''], ['verify', 'search'], ['start']],
  [['audit', 'ver'], ['verify'], ['search']],
  [['check', '--'], ['--online', '--config'], ['--keys']],
  [['policy', 'explain', '--'], ['--as', '--people'], ['--online']],
  [['completion', ''], ['bash', 'zsh', 'fish'], []],
]

t.test(
  'bash completes commands, options and choices, and leaves values to file names',
  { skip: missing('bash') },
  async (t) => {
    const file = await fileWith(t, await printed('bash'))
    const complete = (typed: string[]) => {
      const call = `source "$0"; COMP_WORDS=(stagedoor "$@"); COMP_CWORD=$#; _stagedoor; printf '%s\\n' "\${COMPREPLY[@]}"`
      const options = ['--noprofile', '--norc', '-c', call, file, ...typed]
      return execFileSync('bash', options, { encoding: 'utf8' }).split('\n').filter(Boolean)
    }
    for (const [typed, words, absent] of rows) {
      const found = complete(typed)
      for (const word of words) t.ok(found.includes(word), `${typed.join(' ')}: ${word}`)
      for (const word of absent) t.notOk(found.includes(word), `${typed.join(' ')}: not ${word}`)
    }
    for (const option of ['--config', '-c']) t.same(complete(['check', option, '']), [])
  },
)

t.test('fish completes the same words', { skip: missing('fish') }, async (t) => {
  const file = await fileWith(t, await printed('fish'))
  for (const [typed, words, absent] of rows) {
    const call = `source ${file}; complete -C 'stagedoor ${typed.join(' ')}'`
    const found = execFileSync('fish', ['--no-config', '-c', call], { encoding: 'utf8' })
    for (const word of words) t.match(found, new RegExp(`^${word}\\b`, 'm'))
    for (const word of absent) t.notMatch(found, new RegExp(`^${word}\\b`, 'm'))
  }
})

t.test('zsh loads the script, and offers the same words with descriptions', { skip: missing('zsh') }, async (t) => {
  const text = await printed('zsh')
  const file = await fileWith(t, text)
  // Replaces the line editor and prints the offered completions.
  const call = `compdef() { }; _describe() { print -l -- $candidates }; _files() { print files }; source $1; shift
    words=(stagedoor "$@"); CURRENT=$#words; _stagedoor`
  const complete = (...typed: string[]) =>
    execFileSync('zsh', ['-f', '-c', call, 'zsh', file, ...typed], { encoding: 'utf8' })
  t.match(complete(''), /^check:check the configuration/m)
  t.match(complete('audit', ''), /^verify:find records/m)
  t.notMatch(complete('audit', ''), /^check:/m)
  t.match(complete('check', ''), /^--online:/m)
  t.equal(complete('check', '--config', ''), 'files\n')
})

t.test('text with a meaning in shells is quoted in the scripts', async (t) => {
  const program = new Command('stagedoor')
  const odd = 'it\'s $(touch /nowhere) `x` \\ "y"'
  program.addCommand(new Command('odd').description(odd).addArgument(new Argument('[a]').choices(['one'])))
  const places = placesIn(program)
  for (const shell of shells) {
    const file = await fileWith(t, completionScript(shell, places))
    if (missing(shell) === false) t.equal(spawnSync(shell, ['-n', file]).status, 0, shell)
  }
  t.match(completionScript('zsh', places), String.raw`'odd:it'\''s $(touch`)
  t.match(completionScript('fish', places), String.raw`-d 'it\'s $(touch`)
})
