import { inOrderOfLines, readConfigFiles } from './load.ts'
import { claims } from './options/auth0.ts'
import { ConfigError } from './problem.ts'
import type { Config } from './schema.ts'
import { type Path, toPlain, valueAt } from './tree/tree.ts'
import { validate } from './validate.ts'

/** The sections of the configuration that rules need. */
export type PolicyConfig = {
  routes: Config['routes']
  admin: Config['admin']
  contact: string
  claims: Config['auth0']['claims']
  /** By name; empty if the section is incomplete. */
  upstreams: Readonly<Record<string, unknown>>
}

const ruleSections = ['routes', 'admin', 'policy']

/**
 * Reads the rules from a configuration. Other sections may be incomplete, because secrets are not available where rules are
 * tested.
 * @throws ConfigError STAGEDOOR_CONFIG_INVALID with every problem of the rules
 */
export async function loadPolicy(options: { files: readonly string[]; env: NodeJS.ProcessEnv }): Promise<PolicyConfig> {
  const { files, tree, absences, unresolved } = await readConfigFiles(options)
  const { sections, problems } = validate(tree, absences, unresolved)
  const ours = problems.filter(({ path }) => isAboutRules(path))
  const { routes, admin, policy, upstreams = {} } = sections
  // A section that is missing here is invalid, and its problem is among ours; sections with defaults are never missing.
  if (ours.length > 0 || routes === undefined || admin === undefined || policy === undefined) {
    throw new ConfigError(inOrderOfLines(ours, files))
  }
  return {
    routes,
    admin,
    contact: policy.contact,
    claims: claims.parse(valueAt(toPlain(tree), ['auth0', 'claims'])),
    upstreams,
  }
}

function isAboutRules([section, option]: Path): boolean {
  return ruleSections.includes(String(section)) || (section === 'auth0' && option === 'claims')
}
