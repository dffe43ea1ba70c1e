// This folder: `stagedoor setup`, which finds out what an Auth0 tenant lacks, and makes it.

import { setTimeout as delay } from 'node:timers/promises'

import type { Expect } from '../management-api.ts'
import { CommandFailed } from '../run-action.ts'
import { isDeployed } from './found.ts'
import type { Change, Kind } from './plan.ts'
import type { Settings } from './wanted.ts'

const paths: Record<Kind, string> = {
  api: 'resource-servers',
  web: 'clients',
  events: 'clients',
  role: 'roles',
  action: 'actions/actions',
  grant: 'client-grants',
}

const pollMs = 500
const maxPolls = 60

/** A new application. Auth0 shows its secret only once. */
type Made = { clientId: string; clientSecret: string }

/** The applications created so far. */
export type Applied = { web?: Made; events?: Made }

/**
 * Makes the changes one after the other. @param eventsId the id of the application that reads events, if it exists already
 * @throws CommandFailed at the first change that Auth0 refuses; a second run continues there
 */
export async function applyPlan(
  plan: readonly Change[],
  expect: Expect,
  { applied, eventsId }: { applied: Applied; eventsId: string | undefined },
  say: (change: Change) => void,
): Promise<void> {
  for (const change of plan) {
    await applyStep(change.step, expect, applied, eventsId)
    say(change)
  }
}

async function applyStep(
  step: Change['step'],
  expect: Expect,
  applied: Applied,
  eventsId: string | undefined,
): Promise<void> {
  if (step.kind === 'create') {
    const made = await expect([200, 201], 'POST', paths[step.what], step.body)
    if (step.what === 'web' || step.what === 'events') applied[step.what] = madeOf(made)
    if (step.what === 'action') await deploy(expect, String(made['id']))
  } else if (step.kind === 'update') {
    await expect([200], 'PATCH', `${paths[step.what]}/${encodeURIComponent(step.id)}`, step.body)
  } else if (step.kind === 'deploy') {
    await deploy(expect, step.id)
  } else if (step.kind === 'grant') {
    const { audience, scope } = step
    await expect([201], 'POST', 'client-grants', { client_id: applied.events?.clientId ?? eventsId, audience, scope })
  } else {
    const present = step.bindingIds.map((value) => ({ ref: { type: 'binding_id', value } }))
    const ours = { ref: { type: 'action_name', value: step.name }, display_name: step.name }
    await expect([200], 'PATCH', 'actions/triggers/post-login/bindings', { bindings: [...present, ours] })
  }
}

/** Deploys an Action. Auth0 must finish building it before it can be deployed, and finish deploying before a flow accepts it. */
async function deploy(expect: Expect, id: string): Promise<void> {
  const path = `actions/actions/${encodeURIComponent(id)}`
  await poll(expect, path, ({ status }) => status === 'built', 'build')
  await expect([200, 202], 'POST', `${path}/deploy`)
  await poll(expect, path, isDeployed, 'deploy')
}

async function poll(
  expect: Expect,
  path: string,
  isDone: (action: Settings) => boolean,
  what: 'build' | 'deploy',
): Promise<void> {
  for (let polls = 0; polls < maxPolls; polls++) {
    const action = await expect([200], 'GET', path)
    if (isDone(action)) return
    if (action['status'] === 'failed') break
    await delay(pollMs)
  }
  throw new CommandFailed(`Auth0 does not ${what} the Action: see Actions → Library in the dashboard for the reason`)
}

function madeOf(client: Record<string, unknown>): Made {
  return { clientId: String(client['client_id']), clientSecret: String(client['client_secret']) }
}
