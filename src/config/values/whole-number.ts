import { z } from 'zod'

import { refuse } from './refuse.ts'

/** A whole number within bounds (both included); digits in a string count, because `${PORT}` always gives a string. */
export function wholeNumber({ min, max }: { min: number; max: number }) {
  const expected = `a whole number between ${min} and ${max}`
  return z
    .union([z.int(expected).min(min, expected).max(max, expected), z.string().regex(/^\d+$/, expected)], expected)
    .transform((value, context): number => {
      const number = Number(value)
      return number >= min && number <= max ? number : refuse(context, expected, 'choose a number in this range')
    })
}

/** A TCP port to listen on; 0 lets the system choose a free one. */
export const port = () => wholeNumber({ min: 0, max: 65_535 })
