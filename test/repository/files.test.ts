import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import t from 'tap'

import { repositoryRoot } from '../../scripts/testing/command.ts'

type PackageFile = { scripts: Record<string, string>; dependencies: object; devDependencies: object }

const textOf = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8')

const trackedFiles = execFileSync('git', ['ls-files', '-z'], { cwd: repositoryRoot, encoding: 'utf8' })
  .split('\0')
  .filter((path) => path !== '' && existsSync(join(repositoryRoot, path)))

const isText = (path: string): boolean => !/\.(?:png|ico|woff2?|gz|tgz|pem|der)$/.test(path)

const rootPackage: PackageFile = JSON.parse(textOf('package.json'))

t.test('lockfiles carry integrity and no download addresses', async (t) => {
  const lockfiles = trackedFiles.filter((path) => path.endsWith('package-lock.json'))
  t.ok(lockfiles.includes('package-lock.json'))
  for (const path of lockfiles) {
    const addresses = textOf(path)
      .split('\n')
      .filter((line) => /"resolved": "https?:/.test(line))
    t.same(addresses, [], path)
    t.match(textOf(path), '"integrity": "sha512-', path)
  }
})

t.test('no file has merge conflict markers', async (t) => {
  for (const path of trackedFiles.filter(isText)) t.notMatch(textOf(path), /^(?:<{7}|>{7}) /m, path)
})

t.test('no tracked file names a folder of the machine it was made on', async (t) => {
  const machinePath = /(?<![\w.$}-])\/(?:home|Users|root|work|tmp)\/[A-Za-z0-9._-]+\//
  for (const path of trackedFiles.filter(isText).filter((path) => !path.endsWith('package-lock.json'))) {
    const line = textOf(path)
      .split('\n')
      .findIndex((text) => machinePath.test(text))
    t.equal(line, -1, `${path}:${line + 1}`)
  }
})

t.test('every npm command that the pages name is an existing script', async (t) => {
  const pages = trackedFiles.filter((path) => /^(?:[A-Z]+\.md|docs\/[^/]+\.md)$/.test(path))
  for (const page of pages) {
    for (const [, name = ''] of textOf(page).matchAll(/\bnpm run ([a-z:-]+)/g)) {
      t.ok(name in rootPackage.scripts, `${page}: npm run ${name}`)
    }
  }
})

t.test('every script runs an existing file', async (t) => {
  for (const [name, command] of Object.entries(rootPackage.scripts)) {
    for (const [path] of command.matchAll(/\bscripts\/[\w/-]+\.ts/g)) {
      t.ok(existsSync(join(repositoryRoot, path)), `${name}: ${path}`)
    }
  }
})

t.test('pictures are small, and each is used in a page', async (t) => {
  const pages = trackedFiles.filter((path) => path.endsWith('.md')).map(textOf)
  for (const path of trackedFiles.filter((path) => path.startsWith('docs/images/'))) {
    t.ok(statSync(join(repositoryRoot, path)).size < 200_000, path)
    t.ok(
      pages.some((text) => text.includes(`images/${basename(path)})`)),
      path,
    )
  }
})

t.test('links between pages lead to existing files', async (t) => {
  for (const page of trackedFiles.filter((path) => path.endsWith('.md'))) {
    for (const [, target = ''] of textOf(page).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)/g)) {
      t.ok(existsSync(join(repositoryRoot, dirname(page), target)), `${page}: ${target}`)
    }
  }
})

t.test('docs/dependencies.md has a line for every dependency and no other', async (t) => {
  const described = [...textOf('docs/dependencies.md').matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name)
  const declared = Object.keys({ ...rootPackage.dependencies, ...rootPackage.devDependencies })
  t.same(new Set(described), new Set(declared))
})
