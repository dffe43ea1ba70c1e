import t from 'tap'

import { createIsOwnCookie, setsOwnCookie, withoutOwnCookies } from '../../src/proxy/own-cookies.ts'

const secure = createIsOwnCookie(true)
const plain = createIsOwnCookie(false)

t.test('only our own cookies are removed, and everything else stays byte for byte', async (t) => {
  const rows: [string, string][] = [
    ['a=1; b=2', 'a=1; b=2'],
    ['__Host-stagedoor=x', ''],
    ['__Host-stagedoor=x; a=1', 'a=1'],
    ['a=1; __Host-stagedoor=x', 'a=1'],
    ['a=1;__Host-stagedoor.0=x; __Host-stagedoor.1=y;b="2 ; c=3', 'a=1;b="2 ; c=3'],
    ['__Host-stagedoor-tx.AbC=x; a=1', 'a=1'],
    ['a=1; __Host-stagedoor=x; a=2; __Host-stagedoor=y', 'a=1; a=2'],
    [
      'backstage-auth=x;  stagedoor-theme=dark; my__Host-stagedoor=1',
      'backstage-auth=x;  stagedoor-theme=dark; my__Host-stagedoor=1',
    ],
    ['stagedoor=another', 'stagedoor=another'],
    ['__Host-stagedoor', ''],
    [' __Host-stagedoor =x; a=1', 'a=1'],
    ['a=__Host-stagedoor=x', 'a=__Host-stagedoor=x'],
  ]
  for (const [given, expected] of rows) t.equal(withoutOwnCookies(given, secure), expected, given)
})

t.test('with a plain http base URL our cookies have names without a prefix', async (t) => {
  t.equal(withoutOwnCookies('stagedoor=x; stagedoor.0=y; stagedoor-tx.a=z; a=1', plain), 'a=1')
})

t.test('an upstream cannot set our cookies, however it spells the pair', async (t) => {
  const rows: [string, boolean][] = [
    ['__Host-stagedoor=x; Path=/', true],
    [' __Host-stagedoor.1 =x', true],
    ['=__Host-stagedoor=x', true],
    ['__Host-stagedoor-tx.abc=x', true],
    ['theme=stagedoor', false],
    ['backstage-auth=x; Path=/stagedoor', false],
  ]
  for (const [given, expected] of rows) t.equal(setsOwnCookie(given, secure), expected, given)
})
