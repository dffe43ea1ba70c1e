import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

import t from 'tap'

import { repositoryRoot } from '../../scripts/testing/command.ts'
import { readPages } from './pages.ts'

const pages = new Map(readPages().map(({ name, text }) => [name, text]))

/** Relative links of a page outside of code: `[target, anchor]`, the target relative to the repository. */
function linksOf(name: string, text: string): [target: string, anchor: string][] {
  const prose = text.replaceAll(/^ *```[^]*?^ *```$/gm, '').replaceAll(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(([, path = '', anchor = '']) => [
    path === '' ? name : normalize(join(dirname(name), path)),
    anchor,
  ])
}

/** The anchors that GitHub gives to the headings of a page. */
function anchorsOf(text: string): string[] {
  const titles = [...text.replaceAll(/^ *```[^]*?^ *```$/gm, '').matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => title)
  return titles.map((title) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )
}

t.test('every link between pages leads to an existing file and heading', async (t) => {
  let count = 0
  for (const [name, text] of pages) {
    for (const [target, anchor] of linksOf(name, text)) {
      count += 1
      if (!existsSync(join(repositoryRoot, target))) t.fail(`${name}: ${target} is not there`)
      const page = pages.get(target)
      if (anchor !== '' && page !== undefined && !anchorsOf(page).includes(anchor))
        t.fail(`${name}: ${target} has no heading #${anchor}`)
    }
  }
  t.ok(count > 100, `${count} links`)
})

t.test('the README names every page of docs/', async (t) => {
  const named = new Set(linksOf('README.md', pages.get('README.md') ?? '').map(([target]) => target))
  const missing = [...pages.keys()].filter((name) => /^docs\/(?!adr\/)/.test(name) && !named.has(name))
  t.same(missing, [], 'add a row to "Where to read on"')
})
