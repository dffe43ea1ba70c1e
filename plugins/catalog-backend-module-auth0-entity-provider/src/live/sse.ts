/** One message of an event stream (WHATWG HTML §9.2.6). */
export type StreamMessage = { event: string; data: string }

/** Longest unfinished message that is kept, in characters. */
const maxPendingLength = 1_048_576

/**
 * The messages of an event stream, in order. Comments and messages without data are left out.
 *
 * @throws RangeError for a message without end
 */
export async function* readMessages(body: AsyncIterable<Uint8Array>): AsyncGenerator<StreamMessage> {
  const decoder = new TextDecoder()
  let pending = ''
  for await (const chunk of body) {
    pending += decoder.decode(chunk, { stream: true }).replaceAll('\r', '')
    const blocks = pending.split('\n\n')
    pending = blocks.pop() ?? ''
    if (pending.length > maxPendingLength) throw new RangeError('a message of the event stream is too long')
    for (const block of blocks) {
      const message = messageOf(block)
      if (message.data !== '') yield message
    }
  }
}

function messageOf(block: string): StreamMessage {
  const lines = block.split('\n')
  const valuesOf = (field: string) =>
    lines.filter((line) => line.startsWith(`${field}:`)).map((line) => line.slice(field.length + 1).replace(/^ /, ''))
  return { event: valuesOf('event').at(-1) ?? 'message', data: valuesOf('data').join('\n') }
}
