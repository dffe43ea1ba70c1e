/** How the pages look (`pages` in the configuration). */
export type Look = {
  name: string
  logo?: string | undefined
  color?: string | undefined
  support?: string | undefined
  /** Where browsers report what the Content Security Policy kept out. */
  reports?: string | undefined
}

export const defaultLook: Look = { name: 'Stagedoor' }

/** The style rules that a color of the operator's adds. Text on buttons is black or white, whichever is easier to read. */
export function styleOf({ color }: Look): string {
  if (color === undefined) return ''
  const ink = luminanceOf(color) > 0.179 ? '#000' : '#fff'
  return `
:root{--accent:${color};--accent-ink:${ink}}
@media(prefers-color-scheme:dark){:root{--accent:color-mix(in srgb,${color} 45%,white);--accent-ink:#000}}
`
}

/** Relative luminance, 0 to 1 (WCAG 2.2). Above 0.179 black text has more contrast than white. */
function luminanceOf(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) =>
    linear(Number.parseInt(color.slice(at, at + 2), 16) / 255),
  )
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function linear(channel: number): number {
  return channel <= 0.040_45 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
}
