import { registerHooks } from 'node:module'

import t from 'tap'

const loaded: string[] = []
registerHooks({
  resolve(specifier, context, next) {
    // prom-client loads only the interface, which has no effect by itself.
    if (specifier.startsWith('@opentelemetry/sdk-') || specifier === '@redis/client') loaded.push(specifier)
    return next(specifier, context)
  },
})

t.test('the OpenTelemetry SDK is loaded only with telemetry.otlp, and the Redis client only with Redis', async (t) => {
  const { startStack } = await import('../support/stack.ts')
  const stack = await startStack(t)
  t.equal((await fetch(`${stack.directUrl}/public/x`)).status, 200)
  t.same(loaded, [])
  t.notOk(stack.app.hasRequestDecorator('trace'))

  const otlp = { endpoint: 'http://127.0.0.1:1' }
  await startStack(t, { config: { telemetry: { otlp } } })
  t.ok(loaded.length > 0)
  t.notOk(loaded.includes('@redis/client'))
})
