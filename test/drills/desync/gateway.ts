import type { Test } from 'tap'

import { startGateway } from '../../support/gateway.ts'
import { freePort } from '../../support/ports.ts'
import { type Recorder, startRecorder } from './recorder.ts'
import type { ReadRequest } from './strict-reader.ts'
import { type RealUpstream, startRealUpstreams } from './upstreams.ts'

const nowhere = { issuer: 'http://127.0.0.1:1/', clientId: 'none', clientSecret: 'none' }

export type RecordedUpstream = RealUpstream & Recorder

/** The gateway before each of the real servers, with a record of all bytes it sends them. Only `/<name>/**` is public. */
export async function startDesyncGateway(t: Test, tls?: { certificate: string; key: string }) {
  const upstreams = await startRealUpstreams(t)
  const behind = await Promise.all(
    upstreams.map(async (upstream) => ({ ...upstream, ...(await startRecorder(t, upstream.port)) })),
  )
  const port = await freePort()
  const config = {
    server: { baseUrl: `${tls ? 'https' : 'http'}://localhost:${port}`, ...(tls && { tls }) },
    upstreams: Object.fromEntries(behind.map(({ name, url }) => [name, { url }])),
    routes: [
      ...behind.map(({ name }) => ({ name, path: `/${name}/**`, allow: 'public', upstream: name })),
      { name: 'rest', path: '/**', allow: 'authenticated', upstream: 'node' },
    ],
  }
  await startGateway(t, { auth0: nowhere, upstream: 'http://127.0.0.1:1', port, config })
  return { port, behind }
}

/** The number of the form that caused a request to an upstream, or whose probe it is. */
export function originOf(
  { target }: Pick<ReadRequest, 'target'>,
  name: string,
): { kind: string; index: number } | undefined {
  const [, kind = '', index = ''] = new RegExp(`^/${name}/(form|after)-(\\d+)`).exec(target) ?? []
  return kind === '' ? undefined : { kind, index: Number(index) }
}
