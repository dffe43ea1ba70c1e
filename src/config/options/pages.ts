import { z } from 'zod'

/** A name that people read. */
export function title() {
  return z.string('a name').min(1, 'a name').max(80, 'at most 80 characters')
}

/** One line of text that people read. */
export function description() {
  return z.string('one line of text').min(1, 'one line of text').max(200, 'at most 200 characters')
}

const color = z.string('a color such as #1b5e8c').regex(/^#[0-9a-f]{6}$/i, 'a color such as #1b5e8c')

const logo = z
  .string('a path or an https URL')
  .regex(/^(?:\/(?!\/)|https:\/\/)[^\s"'<>]+$/, 'a path such as /logo.svg, or an https URL')

const support = z.string('an https or mailto URL').regex(/^(?:https:\/\/|mailto:)[^\s"'<>]+$/, 'an https or mailto URL')

const reports = z.string('an https URL').regex(/^https:\/\/[^\s"'<>;,]+$/, 'an https URL without ; and ,')

export const pages = z
  .strictObject({
    name: title()
      .default('Stagedoor')
      .meta({ description: 'What the pages call the portal.', 'x-example': 'Developer portal' }),
    logo: logo.optional().meta({
      description: 'An image at the top of each page. A path must be one that a `public` rule covers.',
      'x-example': '/logo.svg',
    }),
    color: color.optional().meta({
      description: 'Color of buttons and links in the light theme; the dark theme lightens it.',
      'x-example': '#1b5e8c',
    }),
    support: support.optional().meta({
      description: 'Where people get help; each page links there.',
      'x-example': 'https://chat.example.com/platform',
    }),
    reports: reports.optional().meta({
      description:
        'Where browsers report what the Content Security Policy of these pages kept out; nowhere unless given. ' +
        'Danger: a report names the address of the page, and most are about extensions of browsers.',
      'x-example': 'https://reports.example.com/csp',
    }),
  })
  .prefault({})
  .meta({ description: 'The appearance of Stagedoor’s own pages.' })
