import type { FastifyPluginAsync } from 'fastify'

import { momentForm, momentIn, type RecordFilter } from '../../audit/filter.ts'
import type { Examination, Examine } from '../../audit/search-and-verify.ts'
import { UnreadableTrail } from '../../audit/trail-files.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { wantsPage } from '../../headers/page-or-script.ts'
import { auditPage, type AuditQuestion } from '../../pages/console/audit.ts'
import { badRequest } from './bad-request.ts'

export type AdminTrailOptions = {
  /** Path of the console. */
  base: string
  /** Undefined if the trail is not written to a file. */
  examine: Examine | undefined
  /** Milliseconds since the epoch. */
  now: () => number
}

const maxRecords = 200
/** Searches run one after the other. Each takes up to ten seconds (`audit/search-and-verify.ts` limits how much it reads). */
const maxUnderWay = 4

/** `GET /.stagedoor/admin/audit`: searches the trail in the file, and reports whether it is complete and unchanged. */
export const adminTrail: FastifyPluginAsync<AdminTrailOptions> = async (app, { base, examine, now }) => {
  let underWay = 0

  app.get('/audit', async (request, reply) => {
    const question = questionIn(request.query)
    const filter = filterOf(question, now())
    const examination = examine && (await inTurn(async () => examined(examine(filter, maxRecords))))
    const isUnreadable = examination instanceof UnreadableTrail
    if (isUnreadable) request.log.error({ err: examination }, 'the audit trail cannot be read')
    if (wantsPage(request.headers)) {
      return reply.code(isUnreadable ? 503 : 200).sendPage(auditPage(question, examination, base))
    }
    if (examination === undefined) throw badRequest('audit.sinks has no file')
    if (isUnreadable) throw new GatewayError('STAGEDOOR_ADMIN_TRAIL_UNREADABLE', { publicDetail: examination.message })
    const { verdict: verification, ...rest } = examination
    return reply
      .header('cache-control', 'no-store')
      .send({ ...rest, isWhole: verification.faults.length === 0, verification })
  })

  async function inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    if (underWay >= maxUnderWay)
      throw new GatewayError('STAGEDOOR_ADMIN_TRAIL_BUSY', { headers: { 'retry-after': '10' } })
    underWay += 1
    try {
      return await work()
    } finally {
      underWay -= 1
    }
  }
}

/** Resolves to the error, instead of rejecting, for a trail that cannot be read. */
function examined(examination: Promise<Examination>): Promise<Examination | UnreadableTrail> {
  return examination.catch((error: unknown) => {
    if (error instanceof UnreadableTrail) return error
    throw error
  })
}

const names = ['person', 'event', 'class', 'outcome', 'since', 'until'] as const

/** The filter of the submitted form; an empty field sets no condition. */
function questionIn(query: unknown): AuditQuestion {
  const given = query as Partial<Record<string, unknown>>
  const texts = names.flatMap((name) => {
    const value = given[name]
    return typeof value === 'string' && value !== '' ? [[name, value.slice(0, 200)]] : []
  })
  return Object.fromEntries(texts) as AuditQuestion
}

/** @throws STAGEDOOR_ADMIN_BAD_REQUEST */
function filterOf({ since, until, ...rest }: AuditQuestion, now: number): RecordFilter {
  return { ...rest, since: momentOf('since', since, now, 'start'), until: momentOf('until', until, now, 'end') }
}

function momentOf(name: string, text: string | undefined, now: number, edge: 'start' | 'end'): number | undefined {
  if (text === undefined) return undefined
  const at = momentIn(text, now, edge)
  if (at === undefined) throw badRequest(`${name} is no moment. ${momentForm}`)
  return at
}
