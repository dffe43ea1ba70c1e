/**
 * Backstage's frontend behind Stagedoor: `createApp({ features: [stagedoor] })`, or the parts for a legacy app.
 *
 * @packageDocumentation
 */
export { appModuleStagedoor as default } from './module.tsx'
export { fetchApiFactory, permissionApiFactory, sessionApiFactory } from './apis.ts'
export { RequireRole, useAuth0Identity, type RequireRoleProps } from './auth0-identity.tsx'
export type { Me } from './me.ts'
export { StagedoorSessionCard } from './session-card.tsx'
export { StagedoorSessionNotices } from './session-notices.tsx'
export { StagedoorSignInPage, type SignInPageProps } from './sign-in-page.tsx'
