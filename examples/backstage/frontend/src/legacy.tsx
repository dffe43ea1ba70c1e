import {
  AppRouter,
  createSpecializedApp,
  ErrorApiForwarder,
  FrontendHostDiscovery,
  type AppIcons,
} from '@backstage/core-app-api'
import { ErrorPage, ErrorPanel, Progress } from '@backstage/core-components'
import { configApiRef, createApiFactory, discoveryApiRef, errorApiRef } from '@backstage/core-plugin-api'
import { themes, UnifiedThemeProvider } from '@backstage/theme'
import {
  fetchApiFactory,
  permissionApiFactory,
  sessionApiFactory,
  StagedoorSessionCard,
  StagedoorSessionNotices,
  StagedoorSignInPage,
} from '@stagedoor/backstage-plugin-app-module-stagedoor'
import { createRoot } from 'react-dom/client'
import { BrowserRouter, Route, Routes } from 'react-router-dom'

import { NotesPage } from './notes-page.tsx'

/** A small app of Backstage's old frontend system with the same module, as `/static/legacy.js`; the tests load it. */
const app = createSpecializedApp({
  apis: [
    createApiFactory({
      api: discoveryApiRef,
      deps: { config: configApiRef },
      factory: ({ config }) => FrontendHostDiscovery.fromConfig(config),
    }),
    createApiFactory(errorApiRef, new ErrorApiForwarder()),
    sessionApiFactory,
    fetchApiFactory,
    permissionApiFactory,
  ],
  icons: {} as AppIcons,
  components: {
    SignInPage: StagedoorSignInPage,
    NotFoundErrorPage: () => <ErrorPage status="404" statusMessage="not found" />,
    BootErrorPage: ({ error }) => <ErrorPanel error={error} />,
    ErrorBoundaryFallback: ({ error }) => <ErrorPanel error={error} />,
    Progress,
    Router: BrowserRouter,
  },
  themes: [
    {
      id: 'light',
      title: 'Light',
      variant: 'light',
      Provider: ({ children }) => <UnifiedThemeProvider theme={themes.light}>{children}</UnifiedThemeProvider>,
    },
  ],
})

const Root = app.createRoot(
  <>
    <StagedoorSessionNotices />
    <AppRouter>
      <Routes>
        <Route path="/notes" element={<NotesPage />} />
        <Route path="/session" element={<StagedoorSessionCard />} />
      </Routes>
    </AppRouter>
  </>,
)

const root = document.querySelector('#root')
if (root === null) throw new Error('the page has no element #root')
createRoot(root).render(<Root />)
