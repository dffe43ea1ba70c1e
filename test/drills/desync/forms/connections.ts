import { chunks, either, type Form, get, h2c, post, refused, smuggled } from './form.ts'

/** `Connection`, `Upgrade` and `Expect`. */
export const connections: readonly Form[] = [
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
