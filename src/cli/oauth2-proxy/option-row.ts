/** `moves`: converted. `always`: so without a setting. `hand`: to be written by a person. `none`: without counterpart. */
export type Fate = 'moves' | 'always' | 'hand' | 'none'

export type OptionRow = {
  /** The flag, without its dashes. */
  name: string
  /** The name in files, which is the plural where an option may be given more than once. */
  key: string
  fate: Fate
  /** What it is here, or what to do. Markdown. */
  here: string
}

export type OptionGroup = { title: string; rows: readonly OptionRow[] }

export const row = (name: string, fate: Fate, here: string, key = name.replaceAll('-', '_')): OptionRow => ({
  name,
  key,
  fate,
  here,
})
