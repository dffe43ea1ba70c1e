import { brokenOff, either, type Form, post, smuggled } from './form.ts'

const chunked = (body: string): Form['bytes'] => post(['Transfer-Encoding: chunked'], body)

/** Sizes, extensions, ends and trailers of chunks. */
export const chunking: readonly Form[] = [
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
