import { parseArgs } from 'node:util'

import { type Case, cases } from './cases.ts'

/** Those that carry requests: they take part in every case. */
export const carrierNames = ['undici-relay', 'http-proxy', 'http-proxy-tuned', 'forwarder', 'stagedoor'] as const
/** The other ways in through the whole gateway; measured with small answers unless asked for. */
export const otherWayNames = [
  'stagedoor-redis',
  'stagedoor-bearer',
  'stagedoor-forward-auth',
  'stagedoor-undici',
] as const
export const candidateNames = [...carrierNames, ...otherWayNames] as const

export type Peer = { name: string; url: string }

export type Options = {
  cases: readonly Case[]
  /** Only these; each case has its own where undefined. */
  candidates: readonly string[] | undefined
  peers: readonly Peer[]
  /** `Cookie` sent to peers. */
  cookie: string | undefined
  seconds: number
  /** Runs of each case; cases that a target rests on have more where undefined. */
  rounds: number | undefined
  /** Streams and WebSockets opened at a time. */
  open: number
  /** Port of the static origin, the dynamic one is the next; 0 lets the system choose. */
  originPort: number
  isProfiled: boolean
  isSaved: boolean
}

/** Reads the command line; unknown names are errors, so that a typing mistake does not measure something else. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      cases: { type: 'string' },
      candidates: { type: 'string' },
      peer: { type: 'string', multiple: true, default: [] },
      cookie: { type: 'string' },
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string' },
      open: { type: 'string', default: '5000' },
      'origin-port': { type: 'string', default: '0' },
      profile: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
    },
  })
  return {
    cases: chosen(values.cases, cases, ({ name }) => name) ?? cases,
    candidates: chosen(values.candidates, candidateNames, (name) => name),
    peers: values.peer.map(peerOf),
    cookie: values.cookie,
    seconds: count('seconds', values.seconds),
    rounds: values.rounds === undefined ? undefined : count('rounds', values.rounds),
    open: count('open', values.open),
    originPort: count('origin-port', values['origin-port'], 0),
    isProfiled: values.profile,
    isSaved: values.save,
  }
}

/** The items of a comma-separated list of names; undefined where none is given. */
export function chosen<Item>(
  list: string | undefined,
  all: readonly Item[],
  nameOf: (item: Item) => string,
): readonly Item[] | undefined {
  return list?.split(',').map((name) => {
    const found = all.find((item) => nameOf(item) === name)
    if (found === undefined) throw new Error(`${name}: choose from ${all.map(nameOf).join(', ')}`)
    return found
  })
}

/** @throws where this is no whole number of at least `least` */
export function count(option: string, text: string, least = 1): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least) throw new Error(`--${option} ${text}: expected a number from ${least}`)
  return value
}

function peerOf(text: string): Peer {
  const equals = text.indexOf('=')
  const url = text.slice(equals + 1)
  if (equals < 1 || !URL.canParse(url)) throw new Error(`--peer ${text}: expected name=http://host:port`)
  return { name: text.slice(0, equals), url: new URL(url).origin }
}
