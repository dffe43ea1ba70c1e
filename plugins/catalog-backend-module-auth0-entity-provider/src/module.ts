import { coreServices, createBackendFeatureLoader, createBackendModule } from '@backstage/backend-plugin-api'
import { catalogProcessingExtensionPoint, catalogServiceRef } from '@backstage/plugin-catalog-node'
import { eventsServiceRef } from '@backstage/plugin-events-node'

import { auth0TransformersExtensionPoint, createTransformers } from './entities/transformers.ts'
import { eventsModuleAuth0Webhook } from './events-module.ts'
import { createExistingEntities } from './import/existing.ts'
import { parseEvent } from './live/event.ts'
import { pullEvents } from './live/pull.ts'
import { createEventQueue } from './live/queue.ts'
import { createManagementClient } from './management/client.ts'
import { createAuth0EntityProvider, taskIdOf } from './provider.ts'
import { readSettings } from './read-settings.ts'

/** Adds an entity provider to the catalog for each entry of `catalog.providers.auth0`. */
const catalogModuleAuth0EntityProvider = createBackendModule({
  pluginId: 'catalog',
  moduleId: 'auth0-entity-provider',
  register(registry) {
    const { transformers, extensionPoint } = createTransformers()
    registry.registerExtensionPoint(auth0TransformersExtensionPoint, extensionPoint)
    registry.registerInit({
      deps: {
        processing: catalogProcessingExtensionPoint,
        config: coreServices.rootConfig,
        logger: coreServices.logger,
        scheduler: coreServices.scheduler,
        auth: coreServices.auth,
        lifecycle: coreServices.rootLifecycle,
        catalog: catalogServiceRef,
        events: eventsServiceRef,
      },
      async init({ processing, config, logger, scheduler, auth, lifecycle, catalog, events }) {
        const stopping = new AbortController()
        lifecycle.addShutdownHook(() => stopping.abort())
        for (const settings of readSettings(config)) {
          const { id, topic } = settings
          const onRetry = (what: string, waitMs: number) => logger.info(`${what}: next try in ${Math.round(waitMs)} ms`)
          const client = createManagementClient({ ...settings, onRetry })
          const existing = createExistingEntities(catalog, auth, id)
          const runner = scheduler.createScheduledTaskRunner(settings.schedule)
          const provider = createAuth0EntityProvider({ settings, client, existing, transformers, runner, logger })
          processing.addEntityProvider(provider)

          const queue = createEventQueue(provider.refresh, logger)
          const onEvent = (payload: unknown) => {
            const event = parseEvent(payload)
            if (event) queue.accept(event)
          }
          if (topic !== undefined) {
            const subscription = { id: provider.getProviderName(), topics: [topic] }
            await events.subscribe({ ...subscription, onEvent: async ({ eventPayload }) => onEvent(eventPayload) })
          }
          if (settings.pull) {
            const onGap = () =>
              void scheduler.triggerTask(taskIdOf(id)).catch((error: Error) => logger.warn(error.message))
            void pullEvents({ client, signal: stopping.signal, logger, onEvent, onGap })
          }
        }
      },
    })
  },
})

/** The module of the catalog and the one of the events plugin, which does nothing where that plugin is missing. @public */
export const auth0EntityProviderFeatures = createBackendFeatureLoader({
  loader: () => [catalogModuleAuth0EntityProvider, eventsModuleAuth0Webhook],
})
