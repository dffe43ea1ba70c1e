import { type CheckContext, type Members, refusalIn } from './check-context.ts'

/** `error`: something does not work, or is not safe. `warning`: it works now, but will cause trouble. `info`: good to know. */
export type Severity = 'info' | 'warning' | 'error'

/** A problem, described for a reader who sees it for the first time. */
export type Finding = {
  id: string
  severity: Severity
  found: string
  meaning: string
  /** The setting that fixes it, with the path in Auth0's dashboard or the name in Backstage's configuration. */
  fix: string
}

/** A problem that a check found. Members that are missing here come from the check. */
export type Fault = Partial<Finding> & { found: string }

/** The outcome of a check that was skipped. `because` is reported; without it, the configuration has nothing to check. */
type Unasked = { because: string | undefined }

/** The configuration does not use the feature that is checked. */
export const nothingToAsk: Unasked = { because: undefined }

/** Skips a check that could not read its object. @param permissions scopes of the Management API that the object at the path needs */
export async function unread({ managedAnswer }: CheckContext, path: string, permissions: string): Promise<Unasked> {
  const answer = await managedAnswer(path)
  // Auth0 answers 200 also to a token that may read only a part of the object.
  const isForbidden = answer.status === 200 || answer.status === 403
  return { because: isForbidden ? `the management token may not read it (${permissions})` : refusalIn(answer) }
}

/** `undefined` or an empty list means that the check passed. */
export type Outcome = undefined | string | Fault | readonly (string | Fault)[] | Unasked

/** One check of the running environment, and the meaning of a failure. */
export type Check = {
  id: string
  title: string
  severity: Severity
  meaning: string
  /** Not set if each fault has its own fix. */
  fix?: string
  /** Ids of findings with the same cause. The check is skipped after one of them. */
  unless?: readonly string[]
  run: (context: CheckContext) => Promise<Outcome>
}

/** The result of one check; `because` is the reason if the check was skipped. */
export type Result = { id: string; title: string; findings: Finding[]; because?: string }

/** Runs checks one after the other, because concurrent requests could exceed the tenant's rate limit. */
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

/** Makes the run function of a check that needs Auth0's discovery document. */
export const withDiscovery =
  (run: (context: CheckContext, document: Members) => Promise<Outcome>) =>
  async (context: CheckContext): Promise<Outcome> => {
    const document = await context.discovery()
    return document === undefined ? withoutDiscovery : run(context, document)
  }
