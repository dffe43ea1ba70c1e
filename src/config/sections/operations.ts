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

const sink = z.strictObject({
  stdout: z.strictObject({}).meta({ description: 'Records go to standard output, among the log lines.' }),
})

export const audit = z
  .strictObject({
    sinks: z
      .array(sink, 'a list of sinks')
      .default([{ stdout: {} }])
      .meta({ description: 'Where the records of the audit trail go.' }),
  })
  .prefault({})
  .meta({ description: 'The audit trail: one record for each decision.' })

export const log = z
  .strictObject({
    level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info').meta({
      description:
        'The least important line that is still written; records of the audit trail are, whatever it says. Danger: `silent` hides failures.',
    }),
  })
  .prefault({})
  .meta({ description: 'The log: JSON lines on standard output, without secrets, tokens or e-mail addresses.' })
