import { coreServices, createBackendModule } from '@backstage/backend-plugin-api'
import { eventsExtensionPoint } from '@backstage/plugin-events-node/alpha'

import { hasBearer } from './live/bearer.ts'
import { readSettings } from './read-settings.ts'

/**
 * Opens `POST /api/events/http/<topic>` for Auth0's Event Streams, to those who know the bearer token. Does nothing in a
 * backend without the events plugin.
 */
export const eventsModuleAuth0Webhook = createBackendModule({
  pluginId: 'events',
  moduleId: 'auth0-webhook',
  register(registry) {
    registry.registerInit({
      deps: { config: coreServices.rootConfig, ingresses: eventsExtensionPoint },
      async init({ config, ingresses }) {
        const tokensByTopic = new Map<string, string[]>()
        for (const { topic, webhook } of readSettings(config)) {
          if (topic === undefined || webhook === undefined) continue
          tokensByTopic.set(topic, [...(tokensByTopic.get(topic) ?? []), ...webhook.bearerTokens])
        }
        for (const [topic, tokens] of tokensByTopic) {
          ingresses.addHttpPostIngress({
            topic,
            validator: async ({ headers }, context) => {
              if (hasBearer(headers.authorization, tokens)) return
              context.reject({ status: 401, payload: { message: 'The bearer token is not the one agreed upon' } })
            },
          })
        }
      },
    })
  },
})
