/** Requests that two parsers have read differently somewhere. Each is sent as it stands, and ends with its last byte. */
export type Form = {
  what: string
  bytes: (path: string) => string
  /**
   * `refused`: nothing may reach the upstream. `broken-off`: the head may, as bodies are streamed, but no whole request.
   * `pass`: one request must. Without it one request may, and no more.
   */
  must?: 'refused' | 'broken-off' | 'pass'
}

const smuggled = 'GET /secret/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'
const chunks = '5\r\nhello\r\n0\r\n\r\n'
const h2c = ['Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__', 'Connection: Upgrade, HTTP2-Settings']

const post =
  (fields: string[], body: string) =>
  (path: string): string =>
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n${body}`

const get =
  (...fields: string[]) =>
  (path: string): string =>
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`

const refused = (what: string, bytes: Form['bytes']): Form => ({ what, bytes, must: 'refused' })
const brokenOff = (what: string, bytes: Form['bytes']): Form => ({ what, bytes, must: 'broken-off' })
const either = (what: string, bytes: Form['bytes']): Form => ({ what, bytes })

const codings = [
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: identity, chunked',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: cow, chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked;foo=bar',
  'Transfer-Encoding: "chunked"',
  'Transfer-Encoding: chunked\0',
  'Transfer-Encoding: \x0bchunked',
  'Transfer-Encoding: chunked\x0c',
  'Transfer-Encoding: ,chunked',
  'Transfer-Encoding: chunked,',
  'Transfer-Encoding: chunke\x00d',
  'Transfer-Encoding: ch\xc5\xabnked',
  'Transfer-Encoding:',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
  'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding\t: chunked',
  'Transfer-Encoding\x0b: chunked',
  'Transfer-Encoding\r\n: chunked',
  'Transfer-Encoding:\r\n chunked',
  'Transfer-Encoding:\n chunked',
  'X: x\nTransfer-Encoding: chunked',
  'X: x\rTransfer-Encoding: chunked',
  'X:\r\n Transfer-Encoding: chunked',
  ' Transfer-Encoding: chunked',
  '\tTransfer-Encoding: chunked',
  '\0Transfer-Encoding: chunked',
  'Transfer Encoding: chunked',
  'Transfer-Encoding: \xa0chunked',
  'Transfer-Encoding: \x85chunked',
  'Transfer-Encoding\xa0: chunked',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: cow',
  'Transfer-Encoding: chunked\r\nTransfer-encoding: ',
]

/** What is no `Transfer-Encoding` for anybody, or is one for everybody. */
const harmlessCodings = [
  'Transfer-Encoding: Chunked',
  'transfer-encoding: CHUNKED',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding:chunked \t',
]
const lookalikes = [
  'Transfer_Encoding: chunked',
  'TE: chunked',
  'Content-Encoding: chunked',
  'X-Transfer-Encoding: chunked',
]

const badLengths = [
  '+5',
  '-5',
  '-0',
  '0x5',
  '5;a=b',
  '5, 5',
  '5,5',
  '5, 6',
  '5 5',
  '"5"',
  '5.0',
  '5e0',
  '1_0',
  '\x0b5',
  '5\x0b',
  '5\0',
  '\xd9\xa5',
  'five',
  '18446744073709551621',
  '9007199254740993',
  '99999999999999999999999999',
]

const lengthFields = [
  'Content-Length: 5\r\nContent-Length: 6',
  'Content-Length: 5\r\nContent-Length: 5',
  'Content-Length: 5\r\ncontent-length: 0',
  'Content-Length : 5',
  'Content-Length\t: 5',
  'Content Length: 5',
  ' Content-Length: 5',
  'Content-Length:\r\n 5',
  'X: x\nContent-Length: 5',
  'X: x\rContent-Length: 5',
  'Content-Length: 5\r',
  'Content-Length: 5\r\n 5',
  'Content-Length: 5\r\nContent-Length:',
  'Content-Length\0: 5',
  'Content-Length\xa0: 5',
]

const framing: Form[] = [
  refused('CL.TE', post(['Content-Length: 6', 'Transfer-Encoding: chunked'], '0\r\n\r\nG')),
  refused('TE.CL', post(['Transfer-Encoding: chunked', 'Content-Length: 4'], `31\r\n${smuggled}\r\n0\r\n\r\n`)),
  ...codings.map((field) => refused(`coding ${JSON.stringify(field)}`, post([field], chunks))),
  ...[...codings, ...harmlessCodings].map((field) =>
    refused(`length and coding ${JSON.stringify(field)}`, post(['Content-Length: 15', field], chunks)),
  ),
  ...[...codings, ...harmlessCodings].map((field) =>
    refused(`coding and length ${JSON.stringify(field)}`, post([field, 'Content-Length: 15'], chunks)),
  ),
  ...harmlessCodings.map((field) => either(`coding ${JSON.stringify(field)}`, post([field], chunks))),
  ...lookalikes.map((field) =>
    either(`lookalike ${JSON.stringify(field)}`, post([field, 'Content-Length: 15'], chunks)),
  ),
  ...lookalikes.map((field) => either(`lookalike alone ${JSON.stringify(field)}`, post([field], ''))),
  ...badLengths.map((value) => refused(`length ${JSON.stringify(value)}`, post([`Content-Length: ${value}`], 'hello'))),
  ...lengthFields.map((field) => refused(`length ${JSON.stringify(field)}`, post([field], 'hello'))),
  either('length with zeros before it', post(['Content-Length: 0005'], 'hello')),
  either('length with blanks around it', post(['Content-Length: \t 5 \t'], 'hello')),
  refused('an empty length', post(['Content-Length:'], '')),
  either('length of another name', post(['Content_Length: 5', 'Content-Length: 0'], '')),
  either('CL.0', post([`Content-Length: ${smuggled.length}`], smuggled)),
  either('GET with a body', (path) => get(`Content-Length: ${smuggled.length}`)(path) + smuggled),
  either('GET with chunks', (path) => get('Transfer-Encoding: chunked')(path) + chunks),
  // TE.0: a server that drops the coding of methods without a body reads the body as the next request.
  ...['GET', 'HEAD', 'OPTIONS', 'DELETE'].map((method) =>
    either(`TE.0: ${method}`, (path) =>
      post(
        ['Transfer-Encoding: chunked'],
        `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
      )(path).replace('POST', method),
    ),
  ),
  // 0.CL: a server that sees no length answers at once, and reads the body as the next request.
  refused('0.CL: a length behind a blank', (path) => post([`Content-Length : ${smuggled.length}`], smuggled)(path)),
  refused('0.CL: a length on a folded line', (path) =>
    post([`X: x\r\n Content-Length: ${smuggled.length}`], smuggled)(path),
  ),
  either('HEAD with a body', (path) =>
    get(`Content-Length: ${smuggled.length}`)(path).replace('GET', 'HEAD').concat(smuggled),
  ),
  either('DELETE with a body', (path) =>
    get(`Content-Length: ${smuggled.length}`)(path).replace('GET', 'DELETE').concat(smuggled),
  ),
  either('a body of a request without framing', (path) => post([], '')(path) + smuggled),
  either('a body shorter than its length', post(['Content-Length: 500'], smuggled)),
]

const chunked = (body: string): Form['bytes'] => post(['Transfer-Encoding: chunked'], body)
const chunking: Form[] = [
  ...['0x5', '+5', '-5', ' 5', '5 5', '5,', 'g', '', 'FFFFFFFFFFFFFFFF5', '5\x0b', '\x005', '5h'].map((size) =>
    brokenOff(`chunk size ${JSON.stringify(size)}`, chunked(`${size}\r\nhello\r\n0\r\n\r\n`)),
  ),
  ...['5', '05', '0000000005', '5;a=b', '5;a="b;c"', '5;a', '5 ;a=b', '5;', '5 '].map((size) =>
    either(`chunk size ${JSON.stringify(size)}`, chunked(`${size}\r\nhello\r\n0\r\n\r\n`)),
  ),
  brokenOff('chunk size ends in LF', chunked('5\nhello\r\n0\r\n\r\n')),
  brokenOff('chunk size ends in CR', chunked('5\rhello\r\n0\r\n\r\n')),
  brokenOff('chunk extension with LF', chunked(`5;a\nhello\r\n0\r\n\r\n`)),
  brokenOff('chunk extension with CR', chunked(`5;a\rx\r\nhello\r\n0\r\n\r\n`)),
  brokenOff('chunk extension with NUL', chunked(`5;a=\0\r\nhello\r\n0\r\n\r\n`)),
  brokenOff('chunk extension with a smuggled chunk', chunked(`5;\n0\r\n\r\n${smuggled}`)),
  brokenOff('chunk extension without end', chunked(`5;${'a'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n`)),
  brokenOff('chunk extension with a quoted end of line', chunked('5;a="\r\n"\r\nhello\r\n0\r\n\r\n')),
  brokenOff('data with two other bytes for their end of line', chunked('5\r\nhelloXX0\r\n\r\n')),
  brokenOff('last chunk whose end is cut', chunked(`5\r\nhello\r\n0\r\n\r${smuggled}`)),
  either(
    'trailers that are announced',
    post(['Transfer-Encoding: chunked', 'Trailer: Content-Length'], '5\r\nhello\r\n0\r\nContent-Length: 60\r\n\r\n'),
  ),
  brokenOff('data end in LF', chunked('5\r\nhello\n0\r\n\r\n')),
  brokenOff('data longer than the chunk', chunked('5\r\nhello!\r\n0\r\n\r\n')),
  brokenOff('data without end of line', chunked('5\r\nhello0\r\n\r\n')),
  brokenOff('data shorter than the chunk', chunked('9\r\nhello\r\n0\r\n\r\n')),
  brokenOff('last chunk ends in LF', chunked('5\r\nhello\r\n0\n\n')),
  either('last chunk of many zeros', chunked('5\r\nhello\r\n0000\r\n\r\n')),
  either('last chunk with an extension', chunked('5\r\nhello\r\n0;a=b\r\n\r\n')),
  either('trailers', chunked('5\r\nhello\r\n0\r\nX-A: b\r\n\r\n')),
  ...['Content-Length: 60', 'Transfer-Encoding: chunked', 'Host: other', 'Cookie: a=b', 'Authorization: Bearer x'].map(
    (field) => either(`trailer ${field}`, chunked(`5\r\nhello\r\n0\r\n${field}\r\n\r\n`)),
  ),
  brokenOff('trailer ends in LF', chunked('5\r\nhello\r\n0\r\nX-A: b\n\r\n')),
  brokenOff('trailer without colon', chunked(`5\r\nhello\r\n0\r\nX-A\r\n\r\n`)),
  brokenOff('trailer that is folded', chunked(`5\r\nhello\r\n0\r\nX-A: b\r\n c\r\n\r\n`)),
  brokenOff('trailer that is a request', chunked(`5\r\nhello\r\n0\r\n${smuggled}`)),
]

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

const fields: Form[] = [
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

const hosts: Form[] = [
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

const line =
  (text: (path: string) => string): Form['bytes'] =>
  (path) =>
    `${text(path)}\r\nHost: localhost\r\n\r\n`
const lines: Form[] = [
  either(
    'two spaces before the target',
    line((path) => `GET  ${path} HTTP/1.1`),
  ),
  refused(
    'a tab before the target',
    line((path) => `GET\t${path} HTTP/1.1`),
  ),
  either(
    'two spaces before the version',
    line((path) => `GET ${path}  HTTP/1.1`),
  ),
  refused(
    'a tab before the version',
    line((path) => `GET ${path}\tHTTP/1.1`),
  ),
  refused(
    'a space after the version',
    line((path) => `GET ${path} HTTP/1.1 `),
  ),
  refused(
    'a form feed before the version',
    line((path) => `GET ${path}\x0cHTTP/1.1`),
  ),
  ...[
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
  ].map((version) =>
    refused(
      `version ${JSON.stringify(version)}`,
      line((path) => `GET ${path} ${version}`),
    ),
  ),
  refused('HTTP/0.9', (path) => `GET ${path}\r\n`),
  refused(
    'HTTP/0.9 by its number',
    line((path) => `GET ${path} HTTP/0.9`),
  ),
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
  refused(
    'a method in lower case',
    line((path) => `get ${path} HTTP/1.1`),
  ),
  refused(
    'a method with a colon',
    line((path) => `GE:T ${path} HTTP/1.1`),
  ),
  refused(
    'a method of no name',
    line((path) => ` ${path} HTTP/1.1`),
  ),
  refused(
    'a method nobody knows',
    line((path) => `SMUGGLE ${path} HTTP/1.1`),
  ),
  refused(
    'TRACE',
    line((path) => `TRACE ${path} HTTP/1.1`),
  ),
  refused(
    'CONNECT with an authority',
    line(() => 'CONNECT localhost:80 HTTP/1.1'),
  ),
  refused(
    'CONNECT with a path',
    line((path) => `CONNECT ${path} HTTP/1.1`),
  ),
  refused('the preface of HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  refused(
    'a target with a space',
    line((path) => `GET ${path} x HTTP/1.1`),
  ),
  refused(
    'a target that holds a version',
    line((path) => `GET ${path} HTTP/1.1 HTTP/1.1`),
  ),
  refused(
    'a target with a fragment',
    line((path) => `GET ${path}#f HTTP/1.1`),
  ),
  refused(
    'a target with NUL',
    line((path) => `GET ${path}\0 HTTP/1.1`),
  ),
  refused(
    'a target with DEL',
    line((path) => `GET ${path}\x7f HTTP/1.1`),
  ),
  refused(
    'a target with CR',
    line((path) => `GET ${path}\rx HTTP/1.1`),
  ),
  refused(
    'a target with LF',
    line((path) => `GET ${path}\nx HTTP/1.1`),
  ),
  refused(
    'a target beyond ASCII',
    line((path) => `GET ${path}\xff HTTP/1.1`),
  ),
  refused(
    'a query with a space',
    line((path) => `GET ${path}?a b HTTP/1.1`),
  ),
  refused(
    'an absolute target',
    line((path) => `GET http://localhost${path} HTTP/1.1`),
  ),
  refused(
    'an absolute target of another host',
    line((path) => `GET http://other${path} HTTP/1.1`),
  ),
  refused(
    'an absolute target with a user',
    line((path) => `GET http://u:p@localhost${path} HTTP/1.1`),
  ),
  refused(
    'an absolute target of another scheme',
    line((path) => `GET ftp://localhost${path} HTTP/1.1`),
  ),
  refused(
    'a target that begins with two slashes',
    line((path) => `GET /${path} HTTP/1.1`),
  ),
  refused(
    'a target without a slash',
    line((path) => `GET ${path.slice(1)} HTTP/1.1`),
  ),
  refused(
    'an asterisk',
    line(() => 'OPTIONS * HTTP/1.1'),
  ),
  refused(
    'an encoded line feed in the path',
    line((path) => `GET ${path}%0d%0aX-A:%20b HTTP/1.1`),
  ),
  refused(
    'an encoded NUL in the path',
    line((path) => `GET ${path}%00 HTTP/1.1`),
  ),
  refused(
    'a target that has no end',
    line((path) => `GET ${path}${'x'.repeat(70_000)} HTTP/1.1`),
  ),
  refused('fields that have no end', get(...Array.from({ length: 4_000 }, (_, i) => `X-${i}: ${'a'.repeat(20)}`))),
]

const connections: Form[] = [
  ...[
    'content-length',
    'transfer-encoding',
    'host',
    'cookie',
    'x-forwarded-for',
    'x-stagedoor-assertion',
    'close, close',
    'keep-alive, close',
    '',
    ',',
    'a b',
    '"close"',
  ].map((names) =>
    either(`Connection: ${names}, with a length`, post([`Connection: ${names}`, 'Content-Length: 5'], 'hello')),
  ),
  either(
    'Connection: transfer-encoding, with chunks',
    post(['Connection: transfer-encoding', 'Transfer-Encoding: chunked'], chunks),
  ),
  either('Proxy-Connection', get('Proxy-Connection: keep-alive', 'Keep-Alive: timeout=1')),
  either('TE', get('TE: trailers, chunked', 'Connection: TE')),
  either('an upgrade to HTTP/2', get(...h2c)),
  either('an upgrade to HTTP/2 with a body', post([...h2c, `Content-Length: ${smuggled.length}`], smuggled)),
  either('an upgrade to HTTP/2 that Connection does not name', get('Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__')),
  either('an upgrade to several protocols', get('Upgrade: websocket, h2c', 'Connection: Upgrade')),
  refused('two upgrades', get('Upgrade: websocket', 'Upgrade: h2c', 'Connection: Upgrade')),
  either('an upgrade to TLS', get('Upgrade: TLS/1.2', 'Connection: Upgrade')),
  either(
    'a WebSocket that has a body',
    post(
      [
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        `Content-Length: ${smuggled.length}`,
      ],
      smuggled,
    ),
  ),
  either(
    'a WebSocket of a version nobody speaks',
    (path) =>
      get(
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Version: 777',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      )(path) + smuggled,
  ),
  either('Expect', post(['Expect: 100-continue', 'Content-Length: 5'], 'hello')),
  either('Expect without a body', get('Expect: 100-continue')),
  either(
    'Expect with a length of 0',
    (path) => post(['Expect: 100-continue', 'Content-Length: 0'], '')(path) + smuggled,
  ),
  either(
    '0.CL by Expect: a request for the body',
    post(['Expect: 100-continue', `Content-Length: ${smuggled.length}`], smuggled),
  ),
  either('Expect with blanks', post(['Expect: \t100-continue ', 'Content-Length: 5'], 'hello')),
  either('Expect in other letters', post(['eXPECT: 100-CONTINUE', 'Content-Length: 5'], 'hello')),
  either('Expect of something else', post(['Expect: y 100-continue', 'Content-Length: 5'], 'hello')),
  either('Expect twice', post(['Expect: 100-continue', 'Expect: 100-continue', 'Content-Length: 5'], 'hello')),
  either('Expect folded into another field', post(['Expect:\r\n 100-continue', 'Content-Length: 5'], 'hello')),
]

const plain: Form[] = [
  { what: 'a plain request', bytes: get(), must: 'pass' },
  { what: 'a body with a length', bytes: post(['Content-Length: 5'], 'hello'), must: 'pass' },
  { what: 'a body in chunks', bytes: post(['Transfer-Encoding: chunked'], chunks), must: 'pass' },
]

export const forms: readonly Form[] = [...plain, ...framing, ...chunking, ...fields, ...hosts, ...lines, ...connections]
