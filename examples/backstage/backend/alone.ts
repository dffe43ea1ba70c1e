import { createBackend } from '@backstage/backend-defaults'

/**
 * The plugins that every Backstage has, and beside them only the modules that the environment names: `BACKEND_MODULES`,
 * separated by spaces.
 */
const backend = createBackend()
backend.add(import('@backstage/plugin-auth-backend'))
backend.add(import('@backstage/plugin-catalog-backend'))
backend.add(import('@backstage/plugin-permission-backend'))
for (const name of process.env.BACKEND_MODULES?.split(' ') ?? []) backend.add(import(name))
await backend.start()
