import t from 'tap'

import { hostName, isAmongHosts } from '../../src/rule-matching/hosts.ts'
import { includesPattern, matchKey, parsePathPattern, createPathMatcher } from '../../src/rule-matching/paths.ts'

const keys: [path: string, key: string][] = [
  ['/', '/'],
  ['/A/b/', '/a/b'],
  ['/%3A', '/:'],
  ['/%3a%7C%22', '/:|"'],
  ['/a%20b', '/a%20b'],
  ['/a%2Fb', '/a%2fb'],
  ['/a%5Cb', '/a%5cb'],
  ['/100%25', '/100%25'],
  ['/caf%C3%A9', '/caf%c3%a9'],
  ['/a%7f', '/a%7f'],
]
t.test('paths are compared without case, trailing slash and equivalent escapes', async (t) => {
  for (const [path, key] of keys) t.equal(matchKey(path), key, path)
})

const coverage: [pattern: string, path: string, isCovered: boolean][] = [
  ['/', '/', true],
  ['/', '/a', false],
  ['/**', '/', true],
  ['/**', '/a/b', true],
  ['/a/**', '/a', true],
  ['/a/**', '/ab', false],
  ['/*', '/', false],
  ['/*', '/a', true],
  ['/*/b', '/a/b', true],
  ['/*/b', '/a/c/b', false],
  ['/*/**', '/', false],
  ['/*/**', '/a', true],
  ['/*/**', '/a/b/c', true],
  ['/a.b', '/axb', false],
  ['/a+', '/aa', false],
  ['/a/', '/a', true],
]
t.test('in a pattern * matches one segment, and a final ** everything below', async (t) => {
  for (const [pattern, path, isCovered] of coverage) {
    t.equal(createPathMatcher(pattern)(matchKey(path)), isCovered, `${pattern} and ${path}`)
  }
})

const inclusions: [outer: string, inner: string, isIncluded: boolean][] = [
  ['/**', '/', true],
  ['/**', '/*/x', true],
  ['/**', '/**', true],
  ['/a/**', '/**', false],
  ['/a/**', '/a', true],
  ['/a/**', '/A/', true],
  ['/a/**', '/a/b/**', true],
  ['/a/**', '/b/**', false],
  ['/a', '/a/**', false],
  ['/*', '/a', true],
  ['/*', '/', false],
  ['/a', '/*', false],
  ['/*/b', '/a/*', false],
  ['/*/*', '/a/*', true],
  ['/a/b', '/a', false],
]
t.test('a pattern includes another if it covers all its paths', async (t) => {
  for (const [outer, inner, isIncluded] of inclusions) {
    t.equal(includesPattern(parsePathPattern(outer), parsePathPattern(inner)), isIncluded, `${outer} and ${inner}`)
  }
})

const hosts: [written: string, asked: string, isMeant: boolean][] = [
  ['a.example', 'a.example', true],
  ['a.example', 'a.example:8443', true],
  ['a.example', 'a.example.', true],
  ['a.example:8443', 'a.example:8443', true],
  ['a.example:8443', 'a.example.:8443', true],
  ['a.example:8443', 'a.example', false],
  ['a.example:8443', 'a.example:443', false],
  ['a.example', 'b.a.example', false],
  ['[::1]', '[::1]:8080', true],
  ['[::1]', '[::2]', false],
  ['a.example', '', false],
]
t.test('a host without a port matches every port', async (t) => {
  for (const [written, asked, isMeant] of hosts) {
    t.equal(isAmongHosts([written], hostName(asked)), isMeant, `${written} and ${asked}`)
  }
})
