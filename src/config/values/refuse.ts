import { z } from 'zod'

/** Adds a problem to a zod parse: what is expected here, and how to mend it. */
export function refuse(context: z.RefinementCtx, expected: string, fix: string): never {
  context.addIssue({ code: 'custom', message: expected, params: { fix } })
  return z.NEVER
}
