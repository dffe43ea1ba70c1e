import { type Check, type Finding, lacking, nothingToAsk, type Outcome, type Scene } from './finding.ts'

/** The object at a path of the Management API; undefined where the token may not read it, or it is not there. */
type Read = (scene: Scene, path: string) => Promise<Record<string, unknown> | undefined>

/** Actions and connections of the tenant, read with a token of the Management API. What it may not read is left out. */
export function tenantChecks(read: Read): readonly Check[] {
  return [
    {
      id: 'auth0-action',
      title: 'the Action that sets the claims is deployed, and in the login flow',
      run: async (scene) => judgeActions(scene, read),
    },
    {
      id: 'auth0-social-keys',
      title: 'social logins use keys of your own',
      run: async (scene) => judgeConnections(scene, read),
    },
  ]
}

type Action = {
  id: string
  name: string
  code?: string
  supported_triggers?: { id: string }[]
  all_changes_deployed?: boolean
  deployed_version?: object
}

/** An Action sets a claim where its code names the claim, or its namespace. */
async function judgeActions(scene: Scene, read: Read): Promise<Outcome> {
  const { roles, groups } = scene.config.auth0.claims
  const namespaces = [...roles, ...groups].filter((name) => name.includes('://')).map(namespaceOf)
  const [all, flow] = [
    await read(scene, 'actions/actions?triggerId=post-login&per_page=100'),
    await read(scene, 'actions/triggers/post-login/bindings?per_page=50'),
  ]
  if (all === undefined || flow === undefined) return lacking('read:actions')
  const bound = new Set((flow['bindings'] as { action?: { id: string } }[]).map(({ action }) => action?.id))
  const setting = (all['actions'] as Action[]).filter(
    ({ code = '', supported_triggers: triggers = [] }) =>
      triggers.some(({ id }) => id === 'post-login') && namespaces.some((namespace) => code.includes(namespace)),
  )
  if (setting.length === 0) return { because: 'no post-login Action names a claim of auth0.claims' }
  const inFlow = setting.filter(({ id }) => bound.has(id))
  const stale = inFlow.find((action) => !isDeployed(action))
  if (stale !== undefined) return [staleFinding(stale)]
  const [unbound] = inFlow.length === 0 ? setting : []
  return unbound === undefined ? [] : [unboundFinding(unbound)]
}

/** `https://example.com/` of `https://example.com/roles`. */
const namespaceOf = (claim: string): string => claim.slice(0, claim.lastIndexOf('/') + 1)

const isDeployed = ({ deployed_version: version, all_changes_deployed: isLatest }: Action): boolean =>
  version !== undefined && isLatest !== false

function staleFinding({ name, deployed_version: version }: Action): Finding {
  return {
    severity: 'warning',
    found:
      version === undefined
        ? `the Action ${name} is not deployed`
        : `the Action ${name} has changes that are not deployed`,
    meaning: 'Logins run the deployed code: claims that the draft alone sets do not arrive.',
    fix: `Auth0 → Actions → Library → ${name} → Deploy.`,
  }
}

function unboundFinding({ name }: Action): Finding {
  return {
    severity: 'warning',
    found: `the Action ${name} sets claims that Stagedoor reads, and no login runs it`,
    meaning: 'Roles and groups are empty for everybody.',
    fix: `Auth0 → Actions → Library → ${name} → Deploy; then Actions → Triggers → post-login: drag it into the flow, and Apply.`,
  }
}

type Connection = { name: string; strategy: string; options?: { client_id?: string | null } }

/** Those for which Auth0 has keys of its own to lend. Others, such as SAML, never have a client id, or cannot be without. */
const withDeveloperKeys = new Set(
  `amazon apple bitbucket box dropbox facebook fitbit github google-oauth2 instagram linkedin paypal salesforce
  salesforce-community shopify twitter vkontakte weibo windowslive wordpress yahoo yammer yandex`.split(/\s+/),
)

async function judgeConnections(scene: Scene, read: Read): Promise<Outcome> {
  const answer = await read(scene, `clients/${encodeURIComponent(scene.config.auth0.clientId)}/connections?take=100`)
  if (answer === undefined) return lacking('read:connections')
  const connections = (answer['connections'] ?? []) as Connection[]
  const social = connections.filter(({ strategy, options }) => withDeveloperKeys.has(strategy) && options !== undefined)
  if (social.length === 0) return nothingToAsk
  const lent = social.filter(({ options }) => !options?.client_id)
  return lent.map(({ name }) => ({
    severity: 'warning',
    found: `the connection ${name} has no Client ID, so it uses Auth0’s developer keys`,
    meaning:
      'They are for trying out: people see Auth0’s name, single sign-on and logout do not work, and a custom domain does not either.',
    fix: `Auth0 → Authentication → Social → ${name}: enter Client ID and Client Secret of an application of your own there.`,
  }))
}
