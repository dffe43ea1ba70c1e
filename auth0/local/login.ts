import { randomBytes } from 'node:crypto'

import type Provider from 'oidc-provider'
import type { InteractionResults } from 'oidc-provider'

import { readForm } from './form.ts'
import type { LocalUser } from './model.ts'
import { errors } from './oidc-provider.ts'
import { errorPage, loginPage, secondFactorPage } from './pages.ts'
import { parameter, wantsSecondFactor } from './policy.ts'
import type { RouteContext } from './routes.ts'
import { demoOneTimeCode, demoPassword } from './seed.ts'
import type { Tenant } from './tenant.ts'
import { findOrganization, loginRefusal } from './tenant.ts'

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>

export type LoginPages = { handle: (context: RouteContext) => Promise<void> }

/** The pages under /u/login: user and password, then the second factor when the request asked for it. */
export function createLoginPages(tenant: Tenant, provider: Provider): LoginPages {
  /** Logins that passed the password and wait for the second factor, by interaction. */
  const waiting = new Map<string, InteractionResults>()

  async function handle(context: RouteContext): Promise<void> {
    try {
      const interaction = await provider.interactionDetails(context.req, context.res)
      if (context.path === '/u/login/mfa') return await secondFactor(context, interaction)
      return await password(context, interaction)
    } catch (error) {
      if (!(error instanceof errors.SessionNotFound)) throw error
      html(context, 400, errorPage('Login expired', 'Go back to the application and log in again.'))
    }
  }

  async function password(context: RouteContext, interaction: Interaction): Promise<void> {
    const onlySecondFactor = interaction.prompt.reasons.every((reason) => reason === 'mfa_required')
    if (onlySecondFactor && interaction.session) {
      waiting.set(interaction.uid, {})
      return html(context, 200, secondFactorPage())
    }
    if (context.method !== 'POST') return html(context, 200, renderLogin(tenant, interaction))
    const form = await readForm(context.req)
    const user = authenticate(tenant, form)
    if (!user)
      return html(context, 400, renderLogin(tenant, interaction, 'Wrong email or password.', form.get('username')))
    acceptInvitation(tenant, user, interaction)
    const refusal = loginRefusal(tenant, user, parameter(interaction.params.organization))
    if (refusal !== undefined) return finish(context, { error: 'access_denied', error_description: refusal })
    await leaveOtherSession(provider, interaction, user.id)
    const result = { login: { accountId: user.id } }
    if (!wantsSecondFactor(interaction.params.acr_values)) return finish(context, result)
    waiting.set(interaction.uid, result)
    context.redirect('/u/login/mfa')
  }

  async function secondFactor(context: RouteContext, interaction: Interaction): Promise<void> {
    const result = waiting.get(interaction.uid)
    if (!result) return context.redirect('/u/login')
    if (context.method !== 'POST') return html(context, 200, secondFactorPage())
    const form = await readForm(context.req)
    if (form.get('code') !== demoOneTimeCode) return html(context, 400, secondFactorPage('The code is not valid.'))
    waiting.delete(interaction.uid)
    return finish(context, { ...result, secondFactor: true })
  }

  async function finish(context: RouteContext, result: InteractionResults): Promise<void> {
    context.redirect(
      await provider.interactionResult(context.req, context.res, result, { mergeWithLastSubmission: false }),
    )
  }

  return { handle }
}

function html(context: RouteContext, status: number, body: string): void {
  context.status = status
  context.type = 'html'
  context.set('cache-control', 'no-store')
  context.body = body
}

function authenticate(tenant: Tenant, form: URLSearchParams): LocalUser | undefined {
  if (form.get('password') !== demoPassword) return undefined
  return tenant.users.find((user) => user.email === form.get('username')?.trim().toLowerCase())
}

function acceptInvitation(tenant: Tenant, user: LocalUser, { params }: Interaction): void {
  const organization = findOrganization(tenant, parameter(params.organization) ?? '')
  if (params.invitation === undefined || !organization || user.organizations.includes(organization.id)) return
  user.organizations.push(organization.id)
}

/** Another user in the same browser starts a new session with a new `sid`; nothing is inherited. */
async function leaveOtherSession(provider: Provider, interaction: Interaction, userId: string): Promise<void> {
  const uid = interaction.session?.uid
  const session = uid === undefined ? undefined : await provider.Session.findByUid(uid)
  if (!session || !interaction.session || session.accountId === undefined || session.accountId === userId) return
  session.uid = randomBytes(16).toString('base64url')
  delete session.accountId
  delete session.authorizations
  await session.persist()
  // The provider checks the interaction against its original session, which has ended.
  delete interaction.session
  await interaction.persist()
}

function renderLogin(tenant: Tenant, interaction: Interaction, message?: string, typed?: string | null): string {
  const { params } = interaction
  const organization = findOrganization(tenant, parameter(params.organization) ?? '')?.displayName
  const client = tenant.clients.find(({ clientId }) => clientId === params.client_id)
  return loginPage({
    client: client?.name ?? 'the application',
    hint: typed ?? parameter(params.login_hint) ?? '',
    // A tenant with many synthetic users would make the page unreadable.
    users: tenant.users.slice(0, 8).map((user) => ({ email: user.email, name: user.name, remark: remark(user) })),
    ...(message === undefined ? {} : { message }),
    ...(organization === undefined ? {} : { organization }),
  })
}

function remark(user: LocalUser): string {
  if (user.blocked) return 'blocked'
  if (!user.emailVerified) return 'email not verified'
  return user.roles.join(', ') || 'no roles'
}
