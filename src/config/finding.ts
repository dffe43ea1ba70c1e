import type { Config } from './schema.ts'
import type { Path } from './tree/tree.ts'

/** What one section means for another; located by the path it speaks of. */
export type Finding = { path: Path; expected: string; fix: string }

/** Sections that are well formed by themselves. */
export type KnownSections = { [Name in keyof Config]?: Config[Name] | undefined }
