import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { createFetch } from '../../../process/outgoing-fetch.ts'
import { type SendJson, createSendJson } from '../../json-client.ts'
import { CommandFailed } from '../../run-action.ts'
import { heldIn, type HeldSecrets, type Target } from './target.ts'

/** The default folder of a pod's service account. */
const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount'
const maxConflicts = 5

/** `kubernetes:NAMESPACE/NAME`: the keys `current`, `next` and `previous` of a Secret, changed together. */
export function kubernetesTarget(place: string, env: NodeJS.ProcessEnv): Target {
  const [namespace = '', name = '', ...more] = place.split('/')
  if (namespace === '' || name === '' || more.length > 0) {
    throw new CommandFailed(`kubernetes:${place} is not kubernetes:NAMESPACE/NAME`)
  }
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${encodeURIComponent(name)}`
  let connection: Promise<SendJson> | undefined
  const send: SendJson = async (url, request) => (await (connection ??= connect(env)))(url, request)

  async function find(): Promise<{ held: HeldSecrets | undefined; version: string }> {
    const { status, body } = await send(path)
    if (status !== 200) throw refused('read', status)
    const { data = {}, metadata } = body as { data?: Partial<HeldSecrets>; metadata?: { resourceVersion?: string } }
    const held = heldIn({ current: decode(data.current), next: decode(data.next), previous: decode(data.previous) })
    return { held, version: metadata?.resourceVersion ?? '' }
  }

  async function write(secrets: HeldSecrets): Promise<void> {
    const data = Object.fromEntries(Object.entries(secrets).map(([key, value]) => [key, encode(value)]))
    for (let tried = 0; tried < maxConflicts; tried += 1) {
      // With the version, Kubernetes rejects the change (409) if another client has changed the Secret meanwhile.
      const { version: resourceVersion } = await find()
      const headers = { 'content-type': 'application/merge-patch+json' }
      const { status } = await send(path, { method: 'PATCH', headers, body: { metadata: { resourceVersion }, data } })
      if (status === 200) return
      if (status !== 409) throw refused('change', status)
    }
    throw new CommandFailed(`another client keeps changing the Secret ${place}: stop it, and use --resume`)
  }

  function refused(what: string, status: number): CommandFailed {
    const hint = status === 403 ? ': its service account needs get and patch on this Secret' : ''
    return new CommandFailed(`Kubernetes refuses to ${what} the Secret ${place} (${status})${hint}`)
  }

  return { read: async () => (await find()).held, write }
}

/** Connects to the API server with the pod's service account. */
async function connect(env: NodeJS.ProcessEnv): Promise<SendJson> {
  const folder = env['KUBERNETES_ACCOUNT_FOLDER'] ?? accountFolder
  const inside = `https://${env['KUBERNETES_SERVICE_HOST']}:${env['KUBERNETES_SERVICE_PORT'] ?? '443'}`
  const server = env['KUBERNETES_API_URL'] ?? (env['KUBERNETES_SERVICE_HOST'] === undefined ? undefined : inside)
  if (server === undefined) throw new CommandFailed('not inside Kubernetes: set KUBERNETES_API_URL')
  const token = await readFile(join(folder, 'token'), 'utf8').catch((cause: unknown) => {
    throw new CommandFailed(`the service account in ${folder} cannot be read`, { cause })
  })
  const ca = await readFile(join(folder, 'ca.crt'), 'utf8').catch(() => undefined)
  const send = createSendJson(await createFetch(env, ca))
  const authorization = `Bearer ${token.trim()}`
  return (path, { headers, ...request } = {}) =>
    send(`${server}${path}`, { ...request, headers: { authorization, ...headers } })
}

const encode = (text: string): string => Buffer.from(text).toString('base64')
const decode = (text: string | undefined) => (text === undefined ? undefined : Buffer.from(text, 'base64').toString())
