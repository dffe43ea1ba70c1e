import { createBackend } from '@backstage/backend-defaults'

import { demoPlugin } from './demo-plugin.ts'

const backend = createBackend()
backend.add(import('@backstage/plugin-app-backend'))
backend.add(import('@backstage/plugin-auth-backend'))
backend.add(import('@stagedoor/backstage-plugin-auth-backend-module-stagedoor-provider'))
backend.add(import('@backstage/plugin-catalog-backend'))
backend.add(import('@backstage/plugin-catalog-backend-module-scaffolder-entity-model'))
backend.add(import('@backstage/plugin-mcp-actions-backend'))
backend.add(import('@stagedoor/backstage-plugin-catalog-backend-module-auth0-entity-provider'))
backend.add(import('@stagedoor/backstage-plugin-catalog-backend-module-auth0-rules'))
backend.add(import('@backstage/plugin-events-backend'))
backend.add(import('@backstage/plugin-permission-backend'))
backend.add(import('@stagedoor/backstage-plugin-permission-backend-module-stagedoor-policy'))
backend.add(import('@backstage/plugin-scaffolder-backend'))
backend.add(import('@stagedoor/backstage-plugin-scaffolder-backend-module-auth0'))
backend.add(import('@backstage/plugin-signals-backend'))
backend.add(demoPlugin)
await backend.start()
