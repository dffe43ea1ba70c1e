/** `--import` loads this file before the gateway. It shifts the clock by the value in `DRILL_CLOCK`, read on SIGUSR2. Timers are unaffected. */
import { readFileSync, writeFileSync } from 'node:fs'

const file = process.env['DRILL_CLOCK'] ?? ''
const RealDate = Date
let offsetMs = 0

globalThis.Date = new Proxy(RealDate, {
  construct(target, given, newTarget) {
    const args = given.length === 0 ? [RealDate.now() + offsetMs] : given
    return Reflect.construct(target, args, newTarget) as object
  },
  get(target, property, receiver) {
    if (property === 'now') return () => RealDate.now() + offsetMs
    return Reflect.get(target, property, receiver)
  },
})

process.on('SIGUSR2', () => {
  offsetMs = Number(readFileSync(file, 'utf8'))
  writeFileSync(`${file}.${process.pid}`, String(offsetMs))
})
