import {
  ApiBlueprint,
  AppRootElementBlueprint,
  coreExtensionData,
  createExtension,
  createExtensionDataRef,
  createFrontendModule,
  ExtensionBoundary,
} from '@backstage/frontend-plugin-api'
import type { ComponentType } from 'react'

import { fetchApiFactory, permissionApiFactory, sessionApiFactory } from './apis.ts'
import { StagedoorSessionNotices } from './session-notices.tsx'
import type { SignInPageProps } from './sign-in-page.tsx'

const sessionApi = ApiBlueprint.make({
  name: 'stagedoor-session',
  params: (defineParams) => defineParams(sessionApiFactory),
})

/** In place of Backstage's own, which has the same name. */
const fetchApi = ApiBlueprint.make({ name: 'fetch', params: (defineParams) => defineParams(fetchApiFactory) })

/** In place of Backstage's own. */
const permissionApi = ApiBlueprint.make({
  name: 'permission',
  params: (defineParams) => defineParams(permissionApiFactory),
})

/** By this id the app finds the component of the sign-in page, in every version of the new frontend system. */
const signInComponent = createExtensionDataRef<ComponentType<SignInPageProps>>().with({
  id: 'core.sign-in-page.component',
})

/**
 * The extension that Backstage's `SignInPageBlueprint` makes, but without the blueprint, which Backstage has moved from one package to
 * another: 1.46 and older export it from `frontend-plugin-api`, newer ones from `plugin-app-react`.
 */
const signInPage = createExtension({
  kind: 'sign-in-page',
  attachTo: { id: 'app/root', input: 'signInPage' },
  output: [signInComponent],
  factory: ({ node }) => [
    signInComponent(
      ExtensionBoundary.lazyComponent(node, async () => (await import('./sign-in-page.tsx')).StagedoorSignInPage),
    ),
  ],
})

const notices = AppRootElementBlueprint.make({
  name: 'stagedoor-session-notices',
  params: { element: <StagedoorSessionNotices /> },
})

/**
 * A page in the settings of `@backstage/plugin-user-settings`; without that plugin, or with one that has no pages to add
 * yet, it is nowhere. Without `SubPageBlueprint`, which such older versions lack too.
 */
const settingsPage = createExtension({
  kind: 'sub-page',
  name: 'stagedoor-session',
  attachTo: { id: 'page:user-settings', input: 'pages' },
  output: [coreExtensionData.routePath, coreExtensionData.title, coreExtensionData.reactElement],
  factory: ({ node }) => [
    coreExtensionData.routePath('session'),
    coreExtensionData.title('Session'),
    coreExtensionData.reactElement(
      ExtensionBoundary.lazy(node, async () => {
        const { SettingsPage } = await import('./settings-page.tsx')
        return <SettingsPage />
      }),
    ),
  ],
})

/** All of it, for Backstage's new frontend system. @public */
export const appModuleStagedoor = createFrontendModule({
  pluginId: 'app',
  extensions: [sessionApi, fetchApi, permissionApi, signInPage, notices, settingsPage],
})
