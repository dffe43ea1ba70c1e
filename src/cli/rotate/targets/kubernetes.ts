import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { type SendJson, createSendJson } from '../../json-client.ts'
import { CommandFailed } from '../../run-action.ts'
import type { HeldSecrets, Target } from './target.ts'

/** Where every pod finds its account, unless the environment says otherwise. */
const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount'
const maxConflicts = 5

type Surroundings = { env: NodeJS.ProcessEnv; fetchWith: (ca: string | undefined) => Promise<typeof fetch> }

/** `kubernetes:NAMESPACE/NAME`: the keys `current`, `next` and `previous` of a Secret, changed together. */
export function kubernetesTarget(place: string, surroundings: Surroundings): Target {
  const [namespace = '', name = '', ...more] = place.split('/')
  if (namespace === '' || name === '' || more.length > 0) {
    throw new CommandFailed(`kubernetes:${place} is not kubernetes:NAMESPACE/NAME`)
  }
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${encodeURIComponent(name)}`
  let connection: Promise<Connection> | undefined
  const connected = () => (connection ??= connect(surroundings))

  async function find(): Promise<{ held: HeldSecrets | undefined; version: string }> {
    const { send, url, headers } = await connected()
    const { status, body } = await send(`${url}${path}`, { headers: headers() })
    if (status !== 200) throw refused('read', status)
    const { data, metadata } = body as { data?: Partial<HeldSecrets>; metadata?: { resourceVersion?: string } }
    return { held: heldIn(data), version: metadata?.resourceVersion ?? '' }
  }

  async function write(secrets: HeldSecrets): Promise<void> {
    for (let tried = 0; tried < maxConflicts; tried += 1) {
      const { version } = await find()
      const { send, url, headers } = await connected()
      const data = Object.fromEntries(Object.entries(secrets).map(([key, value]) => [key, encode(value)]))
      const { status } = await send(`${url}${path}`, {
        method: 'PATCH',
        headers: headers({ 'content-type': 'application/merge-patch+json' }),
        // The version makes Kubernetes refuse the change when another client made one in between.
        body: { metadata: { resourceVersion: version }, data },
      })
      if (status === 200) return
      if (status !== 409) throw refused('change', status)
    }
    throw new CommandFailed(`the Secret ${place} is changed by somebody else again and again`)
  }

  function refused(what: string, status: number): CommandFailed {
    const hint = status === 403 ? ': its service account needs get and patch on this Secret' : ''
    return new CommandFailed(`Kubernetes refuses to ${what} the Secret ${place} (${status})${hint}`)
  }

  return { name: `kubernetes:${place}`, read: async () => (await find()).held, write }
}

type Connection = { send: SendJson; url: string; headers: (more?: Record<string, string>) => Record<string, string> }

async function connect({ env, fetchWith }: Surroundings): Promise<Connection> {
  const folder = env['KUBERNETES_ACCOUNT_FOLDER'] ?? accountFolder
  const inside = `https://${env['KUBERNETES_SERVICE_HOST']}:${env['KUBERNETES_SERVICE_PORT'] ?? '443'}`
  const url = env['KUBERNETES_API_URL'] ?? (env['KUBERNETES_SERVICE_HOST'] === undefined ? undefined : inside)
  if (url === undefined) throw new CommandFailed('not inside Kubernetes: set KUBERNETES_API_URL')
  try {
    const token = (await readFile(join(folder, 'token'), 'utf8')).trim()
    const ca = await readFile(join(folder, 'ca.crt'), 'utf8').catch(() => undefined)
    const send = createSendJson(await fetchWith(ca))
    return { send, url, headers: (more = {}) => ({ authorization: `Bearer ${token}`, ...more }) }
  } catch (cause) {
    throw new CommandFailed(`the service account in ${folder} cannot be read`, { cause })
  }
}

function heldIn(data: Partial<HeldSecrets> | undefined): HeldSecrets | undefined {
  const [current, next, previous] = [decode(data?.current), decode(data?.next), decode(data?.previous)]
  if (current === undefined) return undefined
  return { current, next: next ?? current, ...(previous === undefined ? {} : { previous }) }
}

const encode = (text: string): string => Buffer.from(text).toString('base64')
const decode = (text: string | undefined) => (text === undefined ? undefined : Buffer.from(text, 'base64').toString())
