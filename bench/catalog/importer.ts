import { createRequire } from 'node:module'
import { join } from 'node:path'

import { exampleDirectory } from '../../scripts/backstage-setup.ts'

/** Messages of the importing process: its progress, and the figures of each round. */
export type ImportMessage =
  | { kind: 'progress'; users: number }
  | {
      kind: 'report'
      round: string
      users: number
      groups: number
      removed: number
      distinctUsers: number
      calls: number
      retries: number
      seconds: number
      peakMegabytes: number
    }

type Entity = { kind: string; metadata: { annotations: Record<string, string> } }
type Modules = {
  importTenant: (context: object) => Promise<{ users: number; groups: number; removed: number }>
  createNameRegistry: () => object
  createManagementClient: (options: object) => { get: (path: string, query?: object) => Promise<unknown> }
  userFields: string[]
}

const plugin = 'node_modules/@stagedoor/backstage-plugin-catalog-backend-module-auth0-entity-provider/dist'
const load = (file: string): Partial<Modules> =>
  createRequire(import.meta.url)(join(exampleDirectory, plugin, file)) as Partial<Modules>
const { importTenant, createNameRegistry, createManagementClient, userFields } = {
  ...load('import/import.js'),
  ...load('entities/names.js'),
  ...load('management/client.js'),
  ...load('management/rows.js'),
} as Modules

const { issuer, clientId, clientSecret } = JSON.parse(process.argv[2] ?? '{}') as Record<string, string>
let calls = 0
let retries = 0
const client = createManagementClient({
  issuer,
  audience: `${issuer}api/v2/`,
  clientId,
  clientSecret,
  onRetry: () => void (retries += 1),
})
const counted = {
  get: async (path: string, query?: object) => {
    calls += 1
    return client.get(path, query)
  },
}

const names = createNameRegistry()
for (const round of ['first import', 'second import, nothing changed']) await runRound(round)
process.disconnect?.()

async function runRound(round: string): Promise<void> {
  ;[calls, retries] = [0, 0]
  const seen = new Set<string>()
  const startedAtMs = performance.now()
  const report = await importTenant({
    settings: {
      id: 'bench',
      nameFrom: 'user_id',
      groupsFrom: ['role', 'group', 'organization'],
      filter: { roles: [], organizations: [] },
      includeBlocked: true,
      userFields,
      maxRemovalPercent: 20,
    },
    client: counted,
    names,
    transformers: { user: async (entity: Entity) => entity, group: async (entity: Entity) => entity },
    existing: { async *all() {} },
    sink: { apply: async ({ added = [] }: { added?: Entity[] }) => count(added, seen) },
    logger: { info() {}, warn: console.warn, error: console.error },
  })
  tell({
    kind: 'report',
    round,
    ...report,
    distinctUsers: seen.size,
    calls,
    retries,
    seconds: Math.round((performance.now() - startedAtMs) / 100) / 10,
    peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024),
  })
}

/** Keeps what tells users apart; the entities themselves are gone, as they are for Backstage once stored. */
function count(added: Entity[], seen: Set<string>): void {
  for (const { kind, metadata } of added) {
    const id = metadata.annotations['auth0.com/user-id']
    if (kind === 'User' && id !== undefined) seen.add(id)
  }
  tell({ kind: 'progress', users: seen.size })
}

function tell(message: ImportMessage): void {
  process.send?.(message)
}
