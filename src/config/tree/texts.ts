import { type ReadText, readText } from './read-text.ts'

/** What stood in files, by the path that they were asked for under. */
export type Texts = ReadonlyMap<string, string>

/** Reads each file once, and remembers what stood in it. */
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

/** Reads what is remembered, whatever has become of the files. */
export function readRemembered(texts: Texts): ReadText {
  return async (file) => texts.get(file) ?? { reason: 'was not handed over', fix: 'restart stagedoor' }
}
