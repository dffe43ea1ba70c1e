import type { LoadOptions } from './load/wrk.ts'

export type LoadCase = {
  kind: 'load'
  name: string
  title: string
  path: string
  /** Only the Node origin takes uploads. */
  origin: 'static' | 'dynamic'
  load: Omit<LoadOptions, 'url' | 'seconds' | 'cookie'>
}
export type FanOutCase = { kind: 'fan-out'; name: string; title: string; stream: 'sse' | 'websocket' }
export type Case = LoadCase | FanOutCase

const megabyte = 1_024 * 1_024
const twentyKilobytes = [`X-Filler: ${'x'.repeat(10_000)}`, `X-More-Filler: ${'x'.repeat(10_000)}`]

export const cases: readonly Case[] = [
  {
    kind: 'load',
    name: 'json',
    title: '1 KB JSON, keep-alive',
    path: '/1k.json',
    origin: 'static',
    load: { connections: 32 },
  },
  {
    kind: 'load',
    name: 'paced',
    title: '1 KB JSON at 1,000 requests/s',
    path: '/1k.json',
    origin: 'static',
    load: { connections: 10, rate: 1_000 },
  },
  {
    kind: 'load',
    name: 'asset',
    title: '100 KB asset',
    path: '/100k.js',
    origin: 'static',
    load: { connections: 32 },
  },
  {
    kind: 'load',
    name: 'download',
    title: '10 MB download, 8 at a time',
    path: '/10m.bin',
    origin: 'static',
    load: { connections: 8 },
  },
  {
    kind: 'load',
    name: 'upload',
    title: '10 MB upload, 8 at a time',
    path: '/upload',
    origin: 'dynamic',
    load: { connections: 8, uploadBytes: 10 * megabyte },
  },
  {
    kind: 'load',
    name: 'headers',
    title: '20 KB of request headers',
    path: '/1k.json',
    origin: 'static',
    load: { connections: 32, headers: twentyKilobytes },
  },
  {
    kind: 'load',
    name: 'connections',
    title: 'a connection per request',
    path: '/1k.json',
    origin: 'static',
    load: { connections: 32, headers: ['Connection: close'] },
  },
  { kind: 'fan-out', name: 'streams', title: 'open event streams', stream: 'sse' },
  { kind: 'fan-out', name: 'sockets', title: 'open WebSockets', stream: 'websocket' },
]
