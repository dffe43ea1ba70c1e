import { readPath } from '../../boundary/request-target.ts'
import type { PolicyConfig } from '../../config/load-policy.ts'
import { parseWebUrl } from '../../config/values/addresses.ts'
import { explanationLines } from '../../policy/explain.ts'
import { forwardedMethods } from '../../rule-matching/methods.ts'
import type { CommandContext } from '../command-context.ts'
import { CommandFailed } from '../run-action.ts'
import { claimsMeantBy } from './as-option.ts'
import { createEngine } from './engine.ts'

type Question = { as: string; people?: string; method: string; path: string; host?: string }

/** Prints each rule that was tried, and why it did or did not match. Returns exit code 0 for any decision. */
export async function explainAs(config: PolicyConfig, question: Question, context: CommandContext): Promise<number> {
  const { path, method, host = '' } = question
  const now = Date.now()
  const engine = createEngine(config, now)
  const read = readPath(path)
  if (read === 'not-origin-form') {
    throw new CommandFailed(`${path} is not a path: write ${pathMeantBy(path)}.`)
  }
  if (!forwardedMethods.includes(method.toUpperCase())) {
    throw new CommandFailed(`${method} gets 405 whatever the rules say: Stagedoor does not forward this method.`)
  }
  if (typeof read === 'string') {
    throw new CommandFailed(`${path} gets 400 whatever the rules say: it is not canonical (${read}).`)
  }
  const asked = { ...read, method: method.toUpperCase(), host: host.toLowerCase() }
  const { claims, note } = await claimsMeantBy(question, context.folder)
  if (note !== undefined) context.err(`note: ${note}\n`)
  context.out(`${explanationLines(engine.explain(engine.principal(claims), asked, now)).join('\n')}\n`)
  return 0
}

function pathMeantBy(text: string): string {
  const path = parseWebUrl(text)?.pathname
  return path === undefined ? `it with a leading slash, for example /${text}` : `only the path of the URL, ${path}`
}
