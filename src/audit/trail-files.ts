import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'

import { readFileIfThere } from '../storage/atomic-file.ts'
import { movedFiles } from './moved-files.ts'

/** A file of the trail that cannot be read. */
export class UnreadableTrail extends Error {}

/** A line and its place. */
type PlacedLine = { line: string; place: string; isFirstFile: boolean }

/**
 * The files of a trail, oldest first: the moved files, then the current one.
 * @throws UnreadableTrail
 */
export function filesOfTrail(path: string): string[] {
  try {
    return [...movedFiles(path), path]
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

/** The file beside the trail that holds a copy of its checkpoints. */
export function checkpointFileOf(path: string): string {
  return `${path}.checkpoints`
}

/**
 * The lines of files; a file that does not exist has none.
 * @throws UnreadableTrail
 */
export async function linesOfAll(files: readonly string[]): Promise<string[]> {
  const read = (file: string) =>
    readFileIfThere(file).catch((cause: unknown) => Promise.reject(unreadable(file, cause)))
  const texts = await Promise.all(files.map(read))
  return texts.flatMap((text) => (text ?? '').split('\n').filter(Boolean))
}

/**
 * The lines of several files in order. Each file is read up to its size when it was opened, so that no line is read while it is written.
 * @throws UnreadableTrail
 */
export async function* linesOf(files: readonly string[]): AsyncGenerator<PlacedLine> {
  for (const file of files) {
    let number = 0
    try {
      const { size } = await stat(file)
      if (size === 0) continue
      for await (const line of linesIn(createReadStream(file, { end: size - 1, encoding: 'utf8' }))) {
        number += 1
        yield { line, place: `${file}:${number}`, isFirstFile: file === files[0] }
      }
    } catch (cause) {
      throw unreadable(file, cause)
    }
  }
}

/**
 * Splits only at line feeds. JSON escapes a line feed inside a text, but not the line separators of Unicode; Node's `readline` would
 * split a name at these.
 */
async function* linesIn(input: AsyncIterable<string>): AsyncGenerator<string> {
  let line = ''
  for await (const text of input) {
    const [end = '', ...more] = text.split('\n')
    line += end
    for (const next of more) {
      yield withoutReturn(line)
      line = next
    }
  }
  if (line !== '') yield withoutReturn(line)
}

/** Removes the carriage return that a copy made on Windows may have. */
function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

function unreadable(file: string, cause: unknown): UnreadableTrail {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new UnreadableTrail(`${file} cannot be read: ${reason}`, { cause })
}
