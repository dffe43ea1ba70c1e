import type { Note } from './options.ts'

/** `all` returns every value of an option; `has` tells whether it is set. */
type Options = { all: (key: string) => readonly string[]; has: (key: string) => boolean }

/** Options that restrict access by criteria that Stagedoor's rules do not support. */
const otherLimits = [
  'bitbucket_repository',
  'bitbucket_team',
  'entra_id_allowed_tenants',
  'github_org',
  'github_repo',
  'github_team',
  'github_users',
  'gitlab_groups',
  'gitlab_projects',
  'google_groups',
  'keycloak_groups',
]
/** A placeholder role for a restriction that could not be converted. No user has it, so access stays closed until the role is replaced. */
const placeholderRole = 'name-here-who-may-pass'

/** The requirement of the converted rule: every named condition must hold, with one entry of each list. */
export function requirementOf({ all, has }: Options): { allow: unknown; notes: Note[] } {
  const given = all('email_domains')
  const domains = given.filter((domain) => !/^[.*]/.test(domain))
  const isAnyDomain = given.includes('*')
  // Without a domain, oauth2-proxy allows only the users in `authenticated-emails-file`.
  const isOpenLimit = otherLimits.some(has) || (!isAnyDomain && domains.length === 0)
  const parts = [
    ...(isAnyDomain || domains.length === 0 ? [] : [{ emailDomains: domains }]),
    ...(has('allowed_groups') ? [{ groups: all('allowed_groups') }] : []),
    ...(has('allowed_roles') ? [{ roles: all('allowed_roles') }] : []),
    ...(isOpenLimit ? [{ roles: [placeholderRole] }] : []),
  ]
  const notes = given
    .filter((domain) => domain.startsWith('.'))
    .map((domain) => ({
      option: 'email-domain',
      text: `${domain} is every domain below it: name each in emailDomains`,
    }))
  if (isOpenLimit) {
    const text = `the rules require the role ${placeholderRole}: replace it with the people who may pass`
    notes.push({ option: 'who may pass', text })
  }
  return { allow: parts.length === 0 ? 'authenticated' : parts.length === 1 ? parts[0] : { all: parts }, notes }
}
