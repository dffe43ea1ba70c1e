import { createRequire } from 'node:module'
import { join } from 'node:path'

import type { Test } from 'tap'

import { type LocalAuth0, startLocalAuth0 } from '../../auth0/local/server.ts'
import { ensureBackstage, exampleDirectory } from '../../scripts/backstage-setup.ts'

export type CatalogEntity = {
  kind: string
  metadata: { name: string; description?: string; annotations: Record<string, string> }
  spec: { type?: string; memberOf?: string[]; profile: Record<string, string> }
}
type Existing = { ref: string; owner: string }
export type Subject = { kind: 'user' | 'organization' | 'group'; id: string }
type Client = { get: (path: string, query?: Record<string, string>) => Promise<unknown> }
type Transformer = (entity: CatalogEntity, source: Record<string, unknown>) => Promise<CatalogEntity | undefined>

export type Settings = {
  id: string
  nameFrom: 'user_id' | 'email' | 'username' | 'nickname'
  groupsFrom: readonly string[]
  filter: {
    connection: string | undefined
    query: string | undefined
    roles: readonly string[]
    organizations: readonly string[]
  }
  includeBlocked: boolean
  userFields: readonly string[]
  maxRemovalPercent: number
}

type Context = {
  settings: Settings
  client: Client
  transformers: { user: Transformer; group: Transformer }
  names: unknown
  existing: unknown
  sink: unknown
  logger: Record<'info' | 'warn' | 'error', (line: string) => void>
}

type Modules = {
  importTenant: (context: Context, signal?: AbortSignal) => Promise<{ users: number; groups: number; removed: number }>
  createRefresh: (context: Context) => (subject: Subject) => Promise<void>
  createNameRegistry: () => unknown
  createManagementClient: (options: object) => Client
  userFields: string[]
}

const pluginDirectory = join(
  exampleDirectory,
  'node_modules/@stagedoor/backstage-plugin-catalog-backend-module-auth0-entity-provider/dist',
)

/** A file of the built module, as Backstage runs it. */
export function requireBuilt(file: string): unknown {
  return createRequire(import.meta.url)(join(pluginDirectory, file))
}

/** Installs and builds the files that `requireBuilt` reads. */
export async function buildModule(t: Pick<Test, 'comment' | 'setTimeout'>): Promise<void> {
  t.setTimeout(900_000)
  await ensureBackstage({ log: (line) => t.comment(line) })
}

function loadModules(): Modules {
  const files = ['import/import', 'live/follow', 'entities/names', 'management/client', 'management/rows']
  return Object.assign({}, ...files.map((file) => requireBuilt(`${file}.js`))) as Modules
}

export const everybody = { connection: undefined, query: undefined, roles: [], organizations: [] }

/** The module's import from the local Auth0 into a map in place of a catalog. */
export function createImport(
  auth0: Pick<LocalAuth0, 'issuer' | 'management'>,
  options: {
    settings?: Partial<Settings>
    transformers?: Partial<Context['transformers']>
    client?: object
    /** The catalog of another instance of the same backend. */
    entities?: Map<string, CatalogEntity>
  } = {},
) {
  const modules = loadModules()
  const { entities = new Map<string, CatalogEntity>() } = options
  const lines: string[] = []
  const log = (line: string) => void lines.push(line)
  const context: Context = {
    settings: {
      id: 'test',
      nameFrom: 'user_id',
      groupsFrom: ['role', 'group', 'organization'],
      filter: everybody,
      includeBlocked: true,
      userFields: modules.userFields,
      maxRemovalPercent: 20,
      ...options.settings,
    },
    client: modules.createManagementClient({
      issuer: auth0.issuer,
      audience: `${auth0.issuer}api/v2/`,
      ...auth0.management,
      ...options.client,
    }),
    transformers: { user: async (entity) => entity, group: async (entity) => entity, ...options.transformers },
    names: modules.createNameRegistry(),
    existing: existingIn(entities),
    sink: sinkInto(entities),
    logger: { info: log, warn: log, error: log },
  }
  let refresh = modules.createRefresh(context)
  return {
    entities,
    lines,
    /** One user as Backstage would show it. */
    user: (userId: string) =>
      [...entities.values()].find(({ metadata }) => metadata.annotations['auth0.com/user-id'] === userId),
    run: (signal?: AbortSignal) => modules.importTenant(context, signal),
    refresh: (subject: Subject) => refresh(subject),
    /** The same catalog in a process that has just started. */
    restart: () => {
      context.names = modules.createNameRegistry()
      refresh = modules.createRefresh(context)
    },
  }
}

function sinkInto(entities: Map<string, CatalogEntity>) {
  return {
    async apply({ added = [], removedRefs = [] }: { added?: CatalogEntity[]; removedRefs?: string[] }) {
      for (const ref of removedRefs) entities.delete(ref)
      for (const entity of added) entities.set(refOf(entity), entity)
    },
  }
}

function refOf({ kind, metadata }: CatalogEntity): string {
  return `${kind}:default/${metadata.name}`.toLowerCase()
}

function existingIn(entities: Map<string, CatalogEntity>) {
  const all = () => [...entities.values()].map(existingOf)
  return {
    async *all() {
      yield all()
    },
    async *groups() {
      yield all().filter(({ ref }) => ref.startsWith('group:'))
    },
    of: async (owner: Subject) => all().filter((entity) => entity.owner === `${owner.kind} ${owner.id}`),
    byRef: async (ref: string) => all().find((entity) => entity.ref === ref),
  }
}

function existingOf(entity: CatalogEntity): Existing {
  const kinds = { user: 'user-id', role: 'role-id', group: 'group-id', organization: 'organization-id' }
  for (const [kind, annotation] of Object.entries(kinds)) {
    const id = entity.metadata.annotations[`auth0.com/${annotation}`]
    if (id !== undefined) return { ref: refOf(entity), owner: `${kind} ${id}` }
  }
  throw new Error(`${refOf(entity)} says of nobody that it is theirs`)
}

/** An Auth0 that ends with the test. */
export async function startAuth0(t: Pick<Test, 'teardown'>, syntheticUsers = 0): Promise<LocalAuth0> {
  const auth0 = await startLocalAuth0({ syntheticUsers })
  t.teardown(() => auth0.close())
  return auth0
}
