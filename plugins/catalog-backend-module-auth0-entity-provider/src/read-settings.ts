import { readSchedulerServiceTaskScheduleDefinitionFromConfig } from '@backstage/backend-plugin-api'
import type { Config } from '@backstage/config'
import { InputError } from '@backstage/errors'

import { nameSources } from './entities/user-entity.ts'
import { groupKinds, type GroupKind } from './management/groups.ts'
import { userFields } from './management/rows.ts'
import type { ProviderSettings, UserFilter, WebhookSettings } from './settings.ts'

const defaultSchedule = { frequency: { hours: 1 }, timeout: { hours: 1 }, initialDelay: { seconds: 1 } }
const defaultMaxRemovalPercent = 20
const defaultTopic = 'auth0'
const minBearerLength = 32

/**
 * All entries of `catalog.providers.auth0`.
 *
 * @throws InputError with the key that is wrong; Backstage then refuses to start
 */
export function readSettings(root: Config): ProviderSettings[] {
  const providers = root.getOptionalConfig('catalog.providers.auth0')
  return providers?.keys().map((id) => readProvider(id, providers.getConfig(id))) ?? []
}

function readProvider(id: string, config: Config): ProviderSettings {
  const issuer = readIssuer(config.getString('issuer'), id)
  const webhook = readWebhook(config.getOptionalConfig('events.webhook'), id)
  const groupsFrom = (config.getOptionalStringArray('groupsFrom') ?? groupKinds).map((kind) =>
    oneOf(groupKinds, kind, `${id}.groupsFrom`),
  )
  return {
    id,
    issuer,
    audience: config.getOptionalString('audience') ?? `${issuer}api/v2/`,
    clientId: config.getString('clientId'),
    clientSecret: config.getString('clientSecret'),
    nameFrom: oneOf(nameSources, config.getOptionalString('nameFrom') ?? 'user_id', `${id}.nameFrom`),
    groupsFrom,
    filter: readFilter(config, groupsFrom, id),
    includeBlocked: config.getOptionalBoolean('includeBlocked') ?? true,
    userFields: [...new Set([...userFields, ...(config.getOptionalStringArray('userFields') ?? [])])],
    maxRemovalPercent: readPercent(config, id),
    schedule: config.has('schedule')
      ? readSchedulerServiceTaskScheduleDefinitionFromConfig(config.getConfig('schedule'))
      : defaultSchedule,
    topic: config.getOptionalString('events.topic') ?? (webhook && defaultTopic),
    webhook,
    pull: config.getOptionalBoolean('events.pull') ?? false,
  }
}

/** A filter by roles that are not read would leave everybody out, and so would one by organizations. */
function readFilter(config: Config, groupsFrom: readonly GroupKind[], id: string): UserFilter {
  const roles = config.getOptionalStringArray('filter.roles') ?? []
  const organizations = config.getOptionalStringArray('filter.organizations') ?? []
  const needed = [...(roles.length > 0 ? ['role'] : []), ...(organizations.length > 0 ? ['organization'] : [])]
  for (const kind of needed) {
    if (groupsFrom.some((read) => read === kind)) continue
    throw wrong(`${id}.groupsFrom`, `[${groupsFrom.join(', ')}]`, `${kind} among them, since filter.${kind}s is set`)
  }
  return {
    connection: config.getOptionalString('filter.connection'),
    query: config.getOptionalString('filter.query'),
    roles,
    organizations,
  }
}

/** Plain http is for a stand-in on this machine: elsewhere it would show the client secret. */
function readIssuer(text: string, id: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isLocal = url !== undefined && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal)) return text.replace(/\/*$/, '/')
  throw wrong(`${id}.issuer`, text, 'the tenant as an https URL, such as https://tenant.eu.auth0.com/')
}

function readWebhook(config: Config | undefined, id: string): WebhookSettings | undefined {
  if (config === undefined) return undefined
  const bearerTokens = config.getStringArray('bearerTokens')
  const isStrong = bearerTokens.length > 0 && bearerTokens.every((token) => token.length >= minBearerLength)
  if (isStrong) return { bearerTokens }
  throw wrong(
    `${id}.events.webhook.bearerTokens`,
    '(hidden)',
    `one or two secrets of ${minBearerLength} characters or more`,
  )
}

function readPercent(config: Config, id: string): number {
  const percent = config.getOptionalNumber('maxRemovalPercent') ?? defaultMaxRemovalPercent
  if (percent >= 0 && percent <= 100) return percent
  throw wrong(`${id}.maxRemovalPercent`, String(percent), 'a number from 0 to 100')
}

function oneOf<Value extends string>(allowed: readonly Value[], given: string, key: string): Value {
  const found = allowed.find((value) => value === given)
  if (found !== undefined) return found
  throw wrong(key, given, `one of ${allowed.join(', ')}`)
}

function wrong(key: string, given: string, expected: string): InputError {
  return new InputError(`catalog.providers.auth0.${key} is ${given}; expected: ${expected}`)
}
