/**
 * Opens many event streams, WebSockets or downloads and prints how many. Then it reads commands, one per line: `arrived` counts what
 * came, `resume` lets downloads flow, `echo 3` sends texts there and back for 3 s. Arguments: URL, kind, count.
 */
import { createInterface } from 'node:readline'

import { echo } from './echo.ts'
import { openAll, type StreamKind } from './open-streams.ts'

const [, , target = '', kind = 'sse', count = '1000'] = process.argv
const headers = JSON.parse(process.env.BENCH_HEADERS ?? '[]') as string[]

const streams = await openAll({ target, kind: kind as StreamKind, count: Number(count), headers })
const print = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`)

print({ opened: streams.length })
createInterface({ input: process.stdin }).on('line', (line) => {
  const [command, seconds] = line.split(' ')
  if (command === 'arrived') print({ arrived: streams.filter(({ hasArrived }) => hasArrived).length })
  if (command === 'resume') {
    for (const { socket } of streams) socket.resume()
    print({})
  }
  if (command === 'echo') void echo(streams, Number(seconds) * 1_000).then(print)
})
