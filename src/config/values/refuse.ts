import { z } from 'zod'

/** Adds a problem to a zod parse: the expected value, and the fix. */
export function refuse(context: z.RefinementCtx, expected: string, fix: string): never {
  context.addIssue({ code: 'custom', message: expected, params: { fix } })
  return z.NEVER
}
