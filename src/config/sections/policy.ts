import { z } from 'zod'

/** Whom to ask for access, as it stands in “Ask … for access.” */
export const contact = () => z.string('whom to ask').min(1).max(200)

export const policy = z
  .strictObject({
    contact: contact().default('the owners of the portal').meta({
      description: 'Whom people are told to ask when they are refused: a name, a channel or an address.',
      'x-example': 'the platform team (platform@example.com)',
    }),
  })
  .prefault({})
  .meta({ description: 'What refusals say; the rules themselves are `routes`.' })
