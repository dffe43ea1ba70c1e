import { chunks, either, type Form, get, post, refused, smuggled } from './form.ts'

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

/** Fields that every parser reads as a `Transfer-Encoding`, or none does. */
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

/** Bodies whose end follows from `Content-Length`, `Transfer-Encoding` or both. */
export const lengthsAndCodings: readonly Form[] = [
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
  // TE.0: a server that ignores the coding for methods without a body reads the body as the next request.
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
