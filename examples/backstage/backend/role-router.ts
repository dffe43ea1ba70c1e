// oxlint-disable typescript/no-misused-promises -- this router waits for its handlers' promises, Express's types do not know
import type { HttpAuthService } from '@backstage/backend-plugin-api'
import { NotAllowedError } from '@backstage/errors'
import { hasAuth0Role, type Auth0IdentityService } from '@stagedoor/backstage-plugin-stagedoor-node'
import createRouter from 'express-promise-router'

/**
 * How a backend plugin asks who the caller is by Auth0:
 * - `GET /who`: the caller's roles, groups, permissions and claims
 * - `POST /rollouts`: for people with the role `platform-admin`
 */
export function createRoleRouter(httpAuth: HttpAuthService, identities: Auth0IdentityService) {
  const router = createRouter()
  router.get('/who', async (request, response) => {
    const credentials = await httpAuth.credentials(request, { allow: ['user'] })
    response.json(await identities.getIdentity(credentials))
  })
  router.post('/rollouts', async (request, response) => {
    const identity = await identities.getIdentity(await httpAuth.credentials(request, { allow: ['user'] }))
    if (!hasAuth0Role(identity, 'platform-admin')) throw new NotAllowedError('A rollout needs the role platform-admin')
    response.status(201).json({ startedBy: identity.sub })
  })
  return router
}
