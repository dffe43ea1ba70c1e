import { defaultUpstream } from './cross-checks.ts'
import { inOrderOfLines, readConfigFiles } from './load.ts'
import { ConfigError } from './problems/problem.ts'
import type { Config } from './schema.ts'
import { claims } from './sections/auth0.ts'
import { admin } from './sections/operations.ts'
import { policy } from './sections/policy.ts'
import { toPlain, valueAt } from './tree/tree.ts'
import { validate } from './validate.ts'

/** What rules are made of. */
export type PolicyConfig = {
  routes: Config['routes']
  admin: Config['admin']
  contact: string
  claims: Config['auth0']['claims']
  defaultUpstream: string
  encodedSlashes: Config['server']['encodedSlashes']
}

const ruleSections = ['routes', 'admin', 'policy']

/**
 * Reads the rules out of a configuration, whose other sections may be incomplete: where rules are tested, secrets are
 * not at hand.
 * @throws ConfigError STAGEDOOR_CONFIG_INVALID with every problem of the rules
 */
export async function loadPolicy(options: { files: readonly string[]; env: NodeJS.ProcessEnv }): Promise<PolicyConfig> {
  const { files, tree, absences, unresolved } = await readConfigFiles(options)
  const { sections, problems } = validate(tree, absences, unresolved)
  const ours = problems.filter(({ path }) => ruleSections.includes(String(path[0])))
  if (ours.length > 0 || sections.routes === undefined) throw new ConfigError(inOrderOfLines(ours, files))
  return {
    routes: sections.routes,
    admin: sections.admin ?? admin.parse({}),
    contact: (sections.policy ?? policy.parse({})).contact,
    claims: claims.safeParse(valueAt(toPlain(tree), ['auth0', 'claims'])).data ?? claims.parse({}),
    defaultUpstream: (sections.upstreams && defaultUpstream(sections.upstreams)) ?? 'backstage',
    encodedSlashes: sections.server?.encodedSlashes ?? 'refuse',
  }
}
