import { chunks, either, type Form, get, h2c, refused, smuggled } from './form.ts'

/** Request lines in otherwise valid requests. */
type Row = [what: string, text: (path: string) => string]

const refusedLines: readonly Row[] = [
  ['a tab before the target', (path) => `GET\t${path} HTTP/1.1`],
  ['a tab before the version', (path) => `GET ${path}\tHTTP/1.1`],
  ['a space after the version', (path) => `GET ${path} HTTP/1.1 `],
  ['a form feed before the version', (path) => `GET ${path}\x0cHTTP/1.1`],
  ['HTTP/0.9 by its number', (path) => `GET ${path} HTTP/0.9`],
  ['a method in lower case', (path) => `get ${path} HTTP/1.1`],
  ['a method with a colon', (path) => `GE:T ${path} HTTP/1.1`],
  ['a method of no name', (path) => ` ${path} HTTP/1.1`],
  ['a method nobody knows', (path) => `SMUGGLE ${path} HTTP/1.1`],
  ['TRACE', (path) => `TRACE ${path} HTTP/1.1`],
  ['CONNECT with an authority', () => 'CONNECT localhost:80 HTTP/1.1'],
  ['CONNECT with a path', (path) => `CONNECT ${path} HTTP/1.1`],
  ['a target with a space', (path) => `GET ${path} x HTTP/1.1`],
  ['a target that holds a version', (path) => `GET ${path} HTTP/1.1 HTTP/1.1`],
  ['a target with a fragment', (path) => `GET ${path}#f HTTP/1.1`],
  ['a target with NUL', (path) => `GET ${path}\0 HTTP/1.1`],
  ['a target with DEL', (path) => `GET ${path}\x7f HTTP/1.1`],
  ['a target with CR', (path) => `GET ${path}\rx HTTP/1.1`],
  ['a target with LF', (path) => `GET ${path}\nx HTTP/1.1`],
  ['a target beyond ASCII', (path) => `GET ${path}\xff HTTP/1.1`],
  ['a query with a space', (path) => `GET ${path}?a b HTTP/1.1`],
  ['an absolute target', (path) => `GET http://localhost${path} HTTP/1.1`],
  ['an absolute target of another host', (path) => `GET http://other${path} HTTP/1.1`],
  ['an absolute target with a user', (path) => `GET http://u:p@localhost${path} HTTP/1.1`],
  ['an absolute target of another scheme', (path) => `GET ftp://localhost${path} HTTP/1.1`],
  ['a target that begins with two slashes', (path) => `GET /${path} HTTP/1.1`],
  ['a target without a slash', (path) => `GET ${path.slice(1)} HTTP/1.1`],
  ['an asterisk', () => 'OPTIONS * HTTP/1.1'],
  ['an encoded line feed in the path', (path) => `GET ${path}%0d%0aX-A:%20b HTTP/1.1`],
  ['an encoded NUL in the path', (path) => `GET ${path}%00 HTTP/1.1`],
  ['a target that has no end', (path) => `GET ${path}${'x'.repeat(70_000)} HTTP/1.1`],
]

const oddLines: readonly Row[] = [
  ['two spaces before the target', (path) => `GET  ${path} HTTP/1.1`],
  ['two spaces before the version', (path) => `GET ${path}  HTTP/1.1`],
]

const versions = [
  'HTTP/1.2',
  'HTTP/2.0',
  'HTTP/3.0',
  'HTTP/1.10',
  'HTTP/01.1',
  'http/1.1',
  'HTTP/1,1',
  'HTTP/1',
  'HTTP/ 1.1',
  'XTTP/1.1',
  'HTTP/1.1\0',
]

const line =
  (text: (path: string) => string): Form['bytes'] =>
  (path) =>
    `${text(path)}\r\nHost: localhost\r\n\r\n`

export const requestLines: readonly Form[] = [
  ...refusedLines.map(([what, text]) => refused(what, line(text))),
  ...oddLines.map(([what, text]) => either(what, line(text))),
  ...versions.map((version) =>
    refused(
      `version ${JSON.stringify(version)}`,
      line((path) => `GET ${path} ${version}`),
    ),
  ),
  refused('HTTP/0.9', (path) => `GET ${path}\r\n`),
  either(
    'HTTP/1.0 that keeps its connection',
    (path) => `GET ${path} HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n`,
  ),
  either(
    'HTTP/1.0 with chunks',
    (path) => `POST ${path} HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
  ),
  refused(
    'HTTP/1.0 that keeps its connection, with chunks',
    (path) =>
      `POST ${path} HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
  ),
  either(
    'HTTP/1.0 that keeps its connection, with a length',
    (path) =>
      `POST ${path} HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
  ),
  either(
    'HTTP/1.0 that upgrades to HTTP/2',
    (path) => `GET ${path} HTTP/1.0\r\nHost: localhost\r\n${h2c.join('\r\n')}\r\n\r\n`,
  ),
  either('an empty line before', (path) => `\r\n${get()(path)}`),
  refused('a space before the method', (path) => ` ${get()(path)}`),
  refused('the preface of HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  refused('fields that have no end', get(...Array.from({ length: 4_000 }, (_, i) => `X-${i}: ${'a'.repeat(20)}`))),
]
