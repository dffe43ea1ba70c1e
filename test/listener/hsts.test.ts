import t from 'tap'

import { ask, connectHttp2, startTlsGateway } from './support.ts'

const field = 'strict-transport-security'

t.test('with hsts every answer has our Strict-Transport-Security once, instead of the upstream’s', async (t) => {
  const upstreamSays = { [field]: 'max-age=1' }
  const tls = (files: { certificate: string; key: string }) => ({
    ...files,
    hsts: { maxAge: '1d', includeSubDomains: true },
  })
  const gateway = await startTlsGateway(t, (_request, response) => response.writeHead(200, upstreamSays).end(), {}, tls)
  const session = connectHttp2(t, gateway)
  const paths = { '/public/x': 200, '/.stagedoor/health/live': 200, '/.stagedoor/nothing': 404, '/closed': 401 }
  for (const [path, status] of Object.entries(paths)) {
    const { headers } = await ask(session, { ':path': path })
    t.match(headers, { ':status': status, [field]: 'max-age=86400; includeSubDomains' }, path)
  }
})

t.test('without hsts the upstream’s Strict-Transport-Security reaches the client', async (t) => {
  const gateway = await startTlsGateway(t, (_request, response) =>
    response.writeHead(200, { [field]: 'max-age=1' }).end(),
  )
  const session = connectHttp2(t, gateway)
  t.equal((await ask(session, { ':path': '/public/x' })).headers[field], 'max-age=1')
  t.notHas((await ask(session, { ':path': '/.stagedoor/health/live' })).headers, field)
})
