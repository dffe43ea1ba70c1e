import { isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { buffer } from 'node:stream/consumers'

/** The texts of files, by the path under which they were read. */
export type Texts = ReadonlyMap<string, string>

/** Reads each file once, and keeps its text. */
export function rememberTexts(read: ReadText = readText): { read: ReadText; texts: Texts } {
  const texts = new Map<string, string>()
  const readings = new Map<string, ReturnType<ReadText>>()

  async function readAndRemember(file: string): ReturnType<ReadText> {
    const text = await read(file)
    if (typeof text === 'string') texts.set(file, text)
    return text
  }

  function readOnce(file: string): ReturnType<ReadText> {
    const reading = readings.get(file) ?? readAndRemember(file)
    readings.set(file, reading)
    return reading
  }

  return { read: readOnce, texts }
}

/** Returns the kept texts, even if the files have changed since. */
export function readRemembered(texts: Texts): ReadText {
  return async (file) => texts.get(file) ?? { reason: 'was not read', fix: 'restart stagedoor' }
}

/** Why a file could not be read, and what to do about it. `line` is the place of the problem, if it has one. */
type Unreadable = { reason: string; fix: string; line?: number }

/** Far more than any configuration. Reading needs a limit, because a device may have no end. */
const maxBytes = 4 * 1024 ** 2

/** Returns the text of a file, or why it cannot be read. */
export type ReadText = (file: string) => Promise<string | Unreadable>

const known = new Map<string, Unreadable>([
  ['ENOENT', { reason: 'no such file', fix: 'check the path, and that the file is mounted' }],
  ['EACCES', { reason: 'permission denied', fix: 'make it readable for the user that runs stagedoor' }],
  ['EISDIR', { reason: 'is a directory', fix: 'give the path of a regular file' }],
])

/** Reads the text of a file. */
export async function readText(file: string): Promise<string | Unreadable> {
  try {
    const bytes = await buffer(createReadStream(file, { end: maxBytes }))
    if (bytes.length > maxBytes) {
      return { reason: 'is longer than 4 MiB', fix: 'give the path of the right file' }
    }
    return isUtf8(bytes) ? bytes.toString('utf8') : explainBytes(bytes)
  } catch (error) {
    return explain(error as NodeJS.ErrnoException)
  }
}

/** Decoding turns all bytes that are not UTF-8 into the same character: a secret of random bytes would become easy to guess. */
function explainBytes(bytes: Buffer): Unreadable {
  const line = bytes.toString('utf8').split('\uFFFD', 1).join('').split('\n').length
  return {
    reason: `holds bytes that are not UTF-8 text, in line ${line}`,
    fix: 'save it as UTF-8; encode random bytes with base64',
    line,
  }
}

/** Describes a failure to read a file. */
export function explain(error: NodeJS.ErrnoException): Unreadable {
  return known.get(String(error.code)) ?? { reason: error.message, fix: 'give the path of a file that can be read' }
}
