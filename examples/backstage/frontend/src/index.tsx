import '@backstage/ui/css/styles.css'
import { createApp } from '@backstage/frontend-defaults'
import catalogPlugin from '@backstage/plugin-catalog/alpha'
import orgPlugin from '@backstage/plugin-org/alpha'
import userSettingsPlugin from '@backstage/plugin-user-settings/alpha'
import stagedoor from '@stagedoor/backstage-plugin-app-module-stagedoor'
import { createRoot } from 'react-dom/client'

import { navigation } from './navigation.tsx'
import { notesPlugin } from './notes-page.tsx'
import { startPage } from './start-page.tsx'

const app = createApp({
  features: [catalogPlugin, orgPlugin, userSettingsPlugin, stagedoor, navigation, startPage, notesPlugin],
})

const root = document.querySelector('#root')
if (root === null) throw new Error('index.html has no element #root')
createRoot(root).render(app.createRoot())
