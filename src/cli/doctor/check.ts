import { type CheckContext, type Members, refusalIn } from './check-context.ts'

/** `error`: something does not work, or is not safe. `warning`: it works, and will hurt. `info`: good to know. */
export type Severity = 'info' | 'warning' | 'error'

/** Something that is wrong, in words for a first-time reader. */
export type Finding = {
  id: string
  severity: Severity
  found: string
  meaning: string
  /** The setting that mends it, with the path in Auth0's dashboard or the name in Backstage's configuration. */
  fix: string
}

/** Something that a check found. What is absent here, the finding takes from its check. */
export type Fault = Partial<Finding> & { found: string }

/** The outcome of a check that was not made. `because` is reported; without it the configuration has nothing to check. */
type Unasked = { because: string | undefined }

/** The configuration does not use what the check is about. */
export const nothingToAsk: Unasked = { because: undefined }

/** @param permissions scopes of the Management API that its object at the path needs */
export async function unread({ managedAnswer }: CheckContext, path: string, permissions: string): Promise<Unasked> {
  const answer = await managedAnswer(path)
  // A token that may read some of an object is answered with 200.
  const isForbidden = answer.status === 200 || answer.status === 403
  return { because: isForbidden ? `the management token may not read it (${permissions})` : refusalIn(answer) }
}

/** Nothing found means that all is well. */
export type Outcome = undefined | string | Fault | readonly (string | Fault)[] | Unasked

/** One question to the living world, and what a bad answer means. */
export type Check = {
  id: string
  title: string
  severity: Severity
  meaning: string
  /** Absent where each fault has a fix of its own. */
  fix?: string
  /** Ids of findings that explain what this check would find: after one of them it is left out. */
  unless?: readonly string[]
  run: (context: CheckContext) => Promise<Outcome>
}

/** One check with its result; `because` says why it could not be asked. */
export type Result = { id: string; title: string; findings: Finding[]; because?: string }

/** Runs checks one after the other: many requests at once could exceed the tenant's rate limit. */
export async function runChecks(checks: readonly Check[], context: CheckContext): Promise<Result[]> {
  const results: Result[] = []
  const found = new Set<string>()
  for (const check of checks) {
    const { id, title, unless = [] } = check
    if (unless.some((cause) => found.has(cause))) continue
    const outcome = await check.run(context)
    if (isUnasked(outcome)) {
      if (outcome.because !== undefined) results.push({ id, title, findings: [], because: outcome.because })
      continue
    }
    const findings = [outcome ?? []].flat().map((fault) => findingOf(check, fault))
    for (const finding of findings) found.add(finding.id)
    results.push({ id, title, findings })
  }
  return results
}

function isUnasked(outcome: Outcome): outcome is Unasked {
  return typeof outcome === 'object' && 'because' in outcome
}

function findingOf({ id, severity, meaning, fix = '' }: Check, fault: string | Fault): Finding {
  const { found, ...own } = typeof fault === 'string' ? { found: fault } : fault
  return { id, severity, found, meaning, fix, ...own }
}

export const withoutDiscovery: Unasked = { because: 'Auth0 cannot be discovered' }

/** A check that reads Auth0's discovery document. */
export const withDiscovery =
  (run: (context: CheckContext, document: Members) => Promise<Outcome>) =>
  async (context: CheckContext): Promise<Outcome> => {
    const document = await context.discovery()
    return document === undefined ? withoutDiscovery : run(context, document)
  }
