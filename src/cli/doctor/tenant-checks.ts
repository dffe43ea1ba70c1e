import type { CheckContext } from './check-context.ts'
import { type Check, type Fault, nothingToAsk, type Outcome, unread } from './check.ts'

/** Checks of the tenant's Actions and connections, read with a Management API token. */
export const tenantChecks: readonly Check[] = [
  {
    id: 'auth0-action',
    title: 'the Action that sets the claims is deployed, and in the login flow',
    severity: 'warning',
    meaning: 'Logins run the deployed code: claims that only the draft sets do not arrive.',
    run: judgeActions,
  },
  {
    id: 'auth0-social-keys',
    title: 'social logins use keys of your own',
    severity: 'warning',
    meaning:
      'Auth0’s developer keys are for tests only: people see Auth0’s name, and single sign-on, logout and custom domains do not work.',
    run: judgeConnections,
  },
]

type Action = {
  id: string
  name: string
  code?: string
  supported_triggers?: { id: string }[]
  all_changes_deployed?: boolean
  deployed_version?: object
}

/** Checks the Actions that set the configured claims. An Action counts as one if its code contains a claim's namespace. */
async function judgeActions(context: CheckContext): Promise<Outcome> {
  const { config, managed } = context
  const { roles, groups } = config.auth0.claims
  const namespaces = [...roles, ...groups].filter((name) => name.includes('://')).map(namespaceOf)
  const paths = [
    'actions/actions?triggerId=post-login&per_page=100',
    'actions/triggers/post-login/bindings?per_page=50',
  ] as const
  const [all, flow] = [await managed(paths[0]), await managed(paths[1])]
  if (all === undefined || flow === undefined) return unread(context, paths[all === undefined ? 0 : 1], 'read:actions')
  const bound = new Set((flow['bindings'] as { action?: { id: string } }[]).map(({ action }) => action?.id))
  const setting = (all['actions'] as Action[]).filter(
    ({ code = '', supported_triggers: triggers = [] }) =>
      triggers.some(({ id }) => id === 'post-login') && namespaces.some((namespace) => code.includes(namespace)),
  )
  const [first] = setting
  if (first === undefined) return { because: 'no post-login Action names a claim of auth0.claims' }
  const inFlow = setting.filter(({ id }) => bound.has(id))
  if (inFlow.length === 0) return unbound(first)
  return inFlow
    .filter((action) => !isDeployed(action))
    .slice(0, 1)
    .map(stale)
}

/** The namespace of a claim: `https://example.com/` for `https://example.com/roles`. */
const namespaceOf = (claim: string): string => claim.slice(0, claim.lastIndexOf('/') + 1)

const isDeployed = ({ deployed_version: version, all_changes_deployed: isLatest }: Action): boolean =>
  version !== undefined && isLatest !== false

function stale({ name, deployed_version: version }: Action): Fault {
  return {
    found: `the Action ${name} ${version === undefined ? 'is not deployed' : 'has changes that are not deployed'}`,
    fix: `Auth0 → Actions → Library → ${name} → Deploy.`,
  }
}

function unbound({ name }: Action): Fault {
  return {
    found: `the Action ${name} sets claims that Stagedoor reads, but no login runs it`,
    meaning: 'Roles and groups are empty for everybody.',
    fix: `Auth0 → Actions → Library → ${name} → Deploy; then Actions → Triggers → post-login: drag it into the flow, and Apply.`,
  }
}

type Connection = { name: string; strategy: string; options?: { client_id?: string | null } }

/** The strategies for which Auth0 provides developer keys. Others, such as SAML, have no client id at all, or require one. */
const withDeveloperKeys = new Set(
  `amazon apple bitbucket box dropbox facebook fitbit github google-oauth2 instagram linkedin paypal salesforce
  salesforce-community shopify twitter vkontakte weibo windowslive wordpress yahoo yammer yandex`.split(/\s+/),
)

async function judgeConnections(context: CheckContext): Promise<Outcome> {
  const path = `clients/${encodeURIComponent(context.config.auth0.clientId)}/connections?take=100`
  const answer = await context.managed(path)
  if (answer === undefined) return unread(context, path, 'read:connections')
  const connections = (answer['connections'] ?? []) as Connection[]
  const social = connections.filter(({ strategy, options }) => withDeveloperKeys.has(strategy) && options !== undefined)
  if (social.length === 0) return nothingToAsk
  const lent = social.filter(({ options }) => !options?.client_id)
  return lent.map(({ name }) => ({
    found: `the connection ${name} has no Client ID, so it uses Auth0’s developer keys`,
    fix: `Auth0 → Authentication → Social → ${name}: enter Client ID and Client Secret of an application of your own there.`,
  }))
}
