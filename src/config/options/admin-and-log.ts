// This folder: the schema of each part of the configuration.

import { z } from 'zod'

import { pathPattern } from '../../rule-matching/paths.ts'
import { ratio } from '../values/quantities.ts'
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

const requests = z
  .strictObject({
    quiet: z
      .array(pathPattern(), 'a list of paths')
      .prefault(['/.stagedoor/health/**', '/.backstage/health/**', '/static/**', '/favicon.ico'])
      .meta({
        description:
          'Requests to these paths have a line only when they are answered with 400 or more; paths as in `routes`. Records of the audit trail are not left out.',
      }),
    sampleRatio: ratio()
      .prefault(0)
      .meta({ description: 'The share of the other requests to those paths that has a line, by trace.' }),
  })
  .prefault({})
  .meta({
    description:
      'Each request has one line at `info`, or at a higher level where something is wrong. With an audit sink `stdout` the record of an allowed request takes its place.',
  })

export const log = z
  .strictObject({
    level: z.enum(logLevels).default('info').meta({
      description:
        'The lowest level of lines that are written. Records of the audit trail are written at every level. Danger: `silent` hides failures.',
    }),
    requests,
  })
  .prefault({})
  .meta({ description: 'The log: JSON lines on standard output, without secrets, tokens or e-mail addresses.' })
