import { createFrontendPlugin, PageBlueprint } from '@backstage/frontend-plugin-api'
import { Navigate } from 'react-router-dom'

const start = PageBlueprint.make({ params: { path: '/', loader: async () => <Navigate to="/catalog" replace /> } })

/** `/` shows the catalog. */
export const startPage = createFrontendPlugin({ pluginId: 'start', extensions: [start] })
