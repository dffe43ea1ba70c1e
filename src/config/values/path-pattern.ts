import { z } from 'zod'

import { refuse } from './quantities.ts'

const segment = /^(?:\*|(?!\.{1,2}$)(?:[A-Za-z0-9._~!$&'()+,;=:@-]|%[0-9A-F]{2})+)$/
const pathShape = 'a path that begins with / (`*` stands for one segment, a last `**` for all the rest)'

function isPathPattern(text: string): boolean {
  const [first, ...rest] = text.split('/')
  const isLast = (index: number) => index === rest.length - 1
  const isAllowed = (part: string, index: number) =>
    segment.test(part) || (isLast(index) && (part === '' || part === '**'))
  return first === '' && rest.length > 0 && rest.every(isAllowed)
}

/** A path of a rule, or of what is treated like one. */
export const pathPattern = () =>
  z
    .string(pathShape)
    .transform((text, context): string =>
      isPathPattern(text)
        ? text
        : refuse(context, pathShape, 'write for example /api/admin/** or /api/auth/*/handler/frame'),
    )
