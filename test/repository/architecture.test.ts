import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { shared, shell, stages } from '../../scripts/direction/rules.ts'
import { repositoryRoot } from '../../scripts/testing/command.ts'

const text = readFileSync(join(repositoryRoot, 'ARCHITECTURE.md'), 'utf8')

/** The cells of table rows, as lists of their words in backticks. */
const rows = text
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) => line.split('|').slice(1, -1))
const quotedIn = (cell = ''): string[] =>
  [...cell.matchAll(/`(?<name>[^`]+)`/g)].map(({ groups }) => groups?.['name'] ?? '')
const foldersOf = (part: string): string[] => quotedIn(rows.find(([first]) => first?.trim() === part)?.[1])

const foldersIn = (path: string): string[] =>
  readdirSync(join(repositoryRoot, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
const endpoints = foldersIn('src/endpoints')

t.test('the table of permitted imports matches the rules', async (t) => {
  t.same(foldersOf('stages'), stages.flat())
  t.same(foldersOf('shared').toSorted(), shared.toSorted())
  t.same(foldersOf('endpoints').toSorted(), endpoints.toSorted())
  t.same(foldersOf('shell').toSorted(), shell.toSorted())
})

t.test('every folder of src/ has a line with its purpose', async (t) => {
  const start = rows.findIndex(([first]) => first?.trim() === 'folder')
  const end = rows.findIndex(([first]) => first?.trim() === 'part')
  const described = rows.slice(start + 2, end).flatMap(([first]) => quotedIn(first))
  const folders = [...foldersIn('src').filter((name) => name !== 'endpoints'), ...endpoints]
  t.same(described, folders.toSorted())
})

t.test('the first file of every folder starts with the line of its folder', async (t) => {
  const start = rows.findIndex(([first]) => first?.trim() === 'folder')
  const end = rows.findIndex(([first]) => first?.trim() === 'part')
  for (const [first, what = ''] of rows.slice(start + 2, end)) {
    const [name = ''] = quotedIn(first)
    const folder = join(repositoryRoot, 'src', ...(endpoints.includes(name) ? ['endpoints'] : []), name)
    const file =
      readdirSync(folder)
        .filter((each) => each.endsWith('.ts'))
        .toSorted()[0] ?? ''
    const [line] = readFileSync(join(folder, file), 'utf8').split('\n', 1)
    const sentence = what.trim().replace(/^in `endpoints\/`: /, '')
    t.equal(line, `// This folder: ${sentence}.`, `${name}/${file}`)
  }
})

t.test("the first file of every nested folder states the folder's purpose", async (t) => {
  const folders = readdirSync(join(repositoryRoot, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name))
  for (const folder of folders) {
    const file = readdirSync(folder)
      .toSorted()
      .find((name) => name.endsWith('.ts'))
    if (file !== undefined)
      t.match(readFileSync(join(folder, file), 'utf8'), /^\/\/ This folder: .+\.\n\n/, join(folder, file))
  }
})

t.test('the table of stages has them in the order of the path', async (t) => {
  const named = rows.flatMap(([first]) => quotedIn(first)).slice(0, stages.flat().length)
  t.same(named, stages.flat())
})
