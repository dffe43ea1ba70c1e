import type { Path } from './tree/tree.ts'

/** What one section means for another; located by the path it speaks of. */
export type Finding = { path: Path; expected: string; fix: string }
