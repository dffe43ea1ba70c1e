import type { Test } from 'tap'

import { ensureBackstage } from '../../scripts/backstage-setup.ts'
import { type BackstageOptions, startBackstage } from '../../scripts/backstage-start.ts'
import { freePort } from '../support/ports.ts'
import { type Stack, type StackOptions, startStack } from '../support/stack.ts'

export type Portal = Stack & { backstageUrl: string }

/** The complete stack with a real Backstage. */
export async function startPortal(
  t: Test,
  {
    configFiles = [],
    mode,
    preload,
    ...options
  }: StackOptions & Pick<BackstageOptions, 'configFiles' | 'mode' | 'preload'> = {},
): Promise<Portal> {
  await ensureBackstage({ log: (line) => t.comment(line) })
  const port = await freePort()
  const backstage = await startBackstage({
    gatewayBaseUrl: `http://localhost:${port}`,
    configFiles,
    preload,
    ...(mode && { mode }),
  })
  t.teardown(() => backstage.close())
  const stack = await startStack(t, { ...options, port, upstreamUrl: backstage.url })
  return { ...stack, backstageUrl: backstage.url }
}
