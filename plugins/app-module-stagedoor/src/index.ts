/** Backstage's frontend behind Stagedoor: `createApp({ features: [stagedoor] })`, or the parts for a legacy app. */
export { appModuleStagedoor as default } from './module.tsx'
export { fetchApiFactory, permissionApiFactory, sessionApiFactory, stagedoorSessionApiRef } from './apis.ts'
export type { Me } from './me.ts'
export type { Notice } from './notice.ts'
export type { SessionGuard } from './session-guard.ts'
export { StagedoorSessionCard } from './session-card.tsx'
export { StagedoorSessionNotices } from './session-notices.tsx'
export { StagedoorSignInPage } from './sign-in-page.tsx'
