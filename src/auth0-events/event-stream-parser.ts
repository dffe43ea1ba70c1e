/** One message of an event stream. */
export type StreamMessage = { type: string; id: string | undefined; data: string }

/** More than any event that Auth0 sends; a stream that sends longer lines is not one. */
const maxBufferedCharacters = 1_048_576

/**
 * Cuts text, as it arrives, into the messages of an event stream (WHATWG HTML §9.2.6).
 * @throws RangeError when a message does not end
 */
export function createEventStreamParser(): (text: string) => StreamMessage[] {
  let rest = ''
  return (text) => {
    rest += text
    if (rest.length > maxBufferedCharacters) throw new RangeError('a message of the event stream is too long')
    const blocks = rest.split(/\r\n\r\n|\n\n|\r\r/)
    // What follows the last empty line has not ended yet.
    rest = blocks.splice(-1).join('')
    return blocks.flatMap((block) => messageIn(block) ?? [])
  }
}

function messageIn(block: string): StreamMessage | undefined {
  let type = 'message'
  let id: string | undefined
  const data: string[] = []
  for (const line of block.split(/\r\n|\n|\r/)) {
    const [, name, value = ''] = /^([^:]+)(?:: ?(.*))?$/.exec(line) ?? []
    if (name === 'event') type = value
    if (name === 'id') id = value
    if (name === 'data') data.push(value)
  }
  return data.length === 0 ? undefined : { type, id, data: data.join('\n') }
}
