import type { LoadOptions } from './load/wrk.ts'

type Named = {
  name: string
  title: string
  /** A target rests on it, so that every way through the gateway is measured, and more often. */
  isCentral?: true
}
/** wrk sends requests as fast as they are answered. */
export type LoadCase = Named & {
  kind: 'load'
  path: string
  /** Only the Node origin takes uploads. */
  origin: 'static' | 'dynamic'
  load: Omit<LoadOptions, 'url' | 'seconds'>
  /** Runs are twice as long, since answers are few and wrk counts complete ones only. */
  isLong?: true
}
/** Requests at a constant rate, however long the answers take. */
export type PacedCase = Named & { kind: 'paced'; path: string; ratePerSecond: number }
/** Many open at once. */
export type FanOutCase = Named & { kind: 'fan-out'; stream: 'sse' | 'websocket' | 'download'; open?: number }
export type WorkersCase = Named & { kind: 'workers' }
export type OverloadCase = Named & { kind: 'overload' }
export type Case = LoadCase | PacedCase | FanOutCase | WorkersCase | OverloadCase

const megabyte = 1_024 * 1_024
const twentyKilobytes = [`X-Filler: ${'x'.repeat(10_000)}`, `X-More-Filler: ${'x'.repeat(10_000)}`]
const small = { path: '/1k.json', origin: 'static' } as const

export const cases: readonly Case[] = [
  { kind: 'load', name: 'json', title: '1 KB JSON, keep-alive', ...small, load: { connections: 32 }, isCentral: true },
  {
    kind: 'paced',
    name: 'paced',
    title: '1 KB JSON at 1,000 requests/s',
    path: '/1k.json',
    ratePerSecond: 1_000,
    isCentral: true,
  },
  { kind: 'load', name: 'asset', title: '100 KB asset', path: '/100k.js', origin: 'static', load: { connections: 32 } },
  {
    kind: 'load',
    name: 'download',
    title: '10 MB download, 8 at a time',
    path: '/10m.bin',
    origin: 'static',
    load: { connections: 8 },
    isLong: true,
  },
  {
    kind: 'load',
    name: 'upload',
    title: '10 MB upload, 8 at a time',
    path: '/upload',
    origin: 'dynamic',
    load: { connections: 8, uploadBytes: 10 * megabyte },
    isLong: true,
  },
  {
    kind: 'load',
    name: 'headers',
    title: '20 KB of request headers',
    ...small,
    load: { connections: 32, headers: twentyKilobytes },
  },
  {
    kind: 'load',
    name: 'connections',
    title: 'a connection per request',
    ...small,
    load: { connections: 32, headers: ['Connection: close'] },
  },
  { kind: 'fan-out', name: 'held', title: '200 downloads of 10 MB in flight', stream: 'download', open: 200 },
  { kind: 'fan-out', name: 'streams', title: 'open event streams', stream: 'sse' },
  { kind: 'fan-out', name: 'sockets', title: 'open WebSockets, and echo over them', stream: 'websocket' },
  { kind: 'workers', name: 'workers', title: 'Two workers on two cores, and one on one', isCentral: true },
  { kind: 'overload', name: 'overload', title: 'Twice the sustainable rate' },
]
