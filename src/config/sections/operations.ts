import { z } from 'zod'

import { requirement } from './requirement.ts'

export const admin = z
  .strictObject({
    allow: requirement
      .prefault({ roles: ['stagedoor-admin'] })
      .meta({ description: 'The requirement for the console and its API, as in `routes`.' }),
  })
  .prefault({})
  .meta({ description: 'The operators of Stagedoor.' })

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

export const log = z
  .strictObject({
    level: z.enum(logLevels).default('info').meta({
      description:
        'The least important line that is still written; records of the audit trail are, whatever it says. Danger: `silent` hides failures.',
    }),
  })
  .prefault({})
  .meta({ description: 'The log: JSON lines on standard output, without secrets, tokens or e-mail addresses.' })
