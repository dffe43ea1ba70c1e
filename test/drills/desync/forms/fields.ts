import { either, type Form, get, refused } from './form.ts'

const badFields = [
  'X A: b',
  'X\0A: b',
  'X\tA: b',
  'X-A\0: b',
  'X-A : b',
  'X-\xe9: b',
  'X[]: b',
  'X(a): b',
  'X-A',
  ': b',
  ' : b',
  'X-A: a\0b',
  'X-A: a\x01b',
  'X-A: a\x7fb',
  'X-A: a\r\n b',
  'X-A: a\r\n\tb',
  'X-A: a\nX-B: b',
  'X-A: a\rX-B: b',
  'X-A: a\r\r',
]

export const fields: readonly Form[] = [
  ...badFields.map((field) => refused(`field ${JSON.stringify(field)}`, get(field))),
  refused('lines end in LF', (path) => `GET ${path} HTTP/1.1\nHost: localhost\n\n`),
  refused('lines end in CR', (path) => `GET ${path} HTTP/1.1\rHost: localhost\r\r`),
  refused('the head ends in LF', (path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\n`),
  refused('a first field that is folded', (path) => `GET ${path} HTTP/1.1\r\n Host: localhost\r\n\r\n`),
  either('underscores in a name', get('X_A: b')),
  either('every sign that a name may have', get("!#$%&'*+-.^_`|~: b")),
  either('an empty value', get('X-A:')),
  either('bytes beyond ASCII in a value', get('X-A: \xff\xfe')),
]

export const hosts: readonly Form[] = [
  refused('no Host', (path) => `GET ${path} HTTP/1.1\r\n\r\n`),
  ...['Host: other', 'hOsT: localhost', 'Host:', 'Host : other', ' Host: other'].map((field) =>
    refused(`two Hosts, ${JSON.stringify(field)}`, get(field)),
  ),
  ...[
    'a, b',
    'a b',
    'user@localhost',
    'localhost/x',
    'localhost?x',
    'localhost#x',
    'localhost:99999',
    'localhost:8x',
    '',
    '[::1',
    'a\\b',
    '%6c',
  ].map((host) => refused(`Host ${JSON.stringify(host)}`, (path) => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)),
]
