import {
  ApiBlueprint,
  AppRootElementBlueprint,
  createFrontendModule,
  SubPageBlueprint,
} from '@backstage/frontend-plugin-api'
import { SignInPageBlueprint } from '@backstage/plugin-app-react'

import { fetchApiFactory, permissionApiFactory, sessionApiFactory } from './apis.ts'
import { StagedoorSessionNotices } from './session-notices.tsx'

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

const signInPage = SignInPageBlueprint.make({
  params: { loader: async () => (await import('./sign-in-page.tsx')).StagedoorSignInPage },
})

const notices = AppRootElementBlueprint.make({
  name: 'stagedoor-session-notices',
  params: { element: <StagedoorSessionNotices /> },
})

/** A page in the settings of `@backstage/plugin-user-settings`; without that plugin it is nowhere. */
const settingsPage = SubPageBlueprint.make({
  name: 'stagedoor-session',
  attachTo: { id: 'page:user-settings', input: 'pages' },
  params: {
    path: 'session',
    title: 'Session',
    async loader() {
      const { SettingsPage } = await import('./settings-page.tsx')
      return <SettingsPage />
    },
  },
})

/** All of it, for Backstage's new frontend system. */
export const appModuleStagedoor = createFrontendModule({
  pluginId: 'app',
  extensions: [sessionApi, fetchApi, permissionApi, signInPage, notices, settingsPage],
})
