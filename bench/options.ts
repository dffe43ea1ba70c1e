import { parseArgs } from 'node:util'

import { type Case, cases } from './cases.ts'

export const candidateNames = ['undici-relay', 'http-proxy', 'http-proxy-tuned', 'forwarder', 'stagedoor'] as const

export type Peer = { name: string; url: string }

export type Options = {
  cases: readonly Case[]
  candidates: readonly string[]
  peers: readonly Peer[]
  /** `Cookie` sent to peers. */
  cookie: string | undefined
  seconds: number
  rounds: number
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
      rounds: { type: 'string', default: '3' },
      open: { type: 'string', default: '2000' },
      'origin-port': { type: 'string', default: '0' },
      profile: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
    },
  })
  return {
    cases: chosen(values.cases, cases, ({ name }) => name),
    candidates: chosen(values.candidates, candidateNames, (name) => name),
    peers: values.peer.map(peerOf),
    cookie: values.cookie,
    seconds: Number(values.seconds),
    rounds: Number(values.rounds),
    open: Number(values.open),
    originPort: Number(values['origin-port']),
    isProfiled: values.profile,
    isSaved: values.save,
  }
}

function chosen<Item>(list: string | undefined, all: readonly Item[], nameOf: (item: Item) => string): readonly Item[] {
  if (list === undefined) return all
  return list.split(',').map((name) => {
    const found = all.find((item) => nameOf(item) === name)
    if (found === undefined) throw new Error(`${name}: choose from ${all.map(nameOf).join(', ')}`)
    return found
  })
}

function peerOf(text: string): Peer {
  const equals = text.indexOf('=')
  if (equals < 1) throw new Error(`--peer ${text}: expected name=http://host:port`)
  return { name: text.slice(0, equals), url: text.slice(equals + 1) }
}
