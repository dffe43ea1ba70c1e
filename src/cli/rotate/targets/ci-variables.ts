// This folder: the places that hold a secret and take a new one.

import type { SendJson } from '../../json-client.ts'
import { CommandFailed } from '../../run-action.ts'
import { separately, type Target } from './target.ts'

const namesFor = (name: string) => ({ current: name, next: `${name}_NEXT`, previous: `${name}_PREVIOUS` })

const tokenNeeds = 'the token needs the scope api'
const notMaskable = 'GitLab cannot mask a private key; remove the variable, and run the rotation again with --resume'

/** `gitlab:PROJECT/NAME`: the project's CI/CD variables NAME, NAME_NEXT and NAME_PREVIOUS; PROJECT is its id, or its whole path. */
export function gitlabTarget(place: string, env: NodeJS.ProcessEnv, send: SendJson): Target {
  const [, project = '', name = ''] = /^(.+)\/([A-Za-z0-9_]+)$/.exec(place) ?? []
  if (project === '') throw new CommandFailed(`gitlab:${place} is not gitlab:PROJECT/NAME`)
  const token = env['STAGEDOOR_GITLAB_TOKEN']
  if (!token) throw new CommandFailed('set STAGEDOOR_GITLAB_TOKEN: a token with the scope api and the role Maintainer')
  const api = env['CI_API_V4_URL'] ?? 'https://gitlab.com/api/v4'
  const variables = `${api}/projects/${encodeURIComponent(project)}/variables`
  const headers = { 'private-token': token }

  async function get(key: string): Promise<string | undefined> {
    const { status, body } = await send(`${variables}/${key}`, { headers })
    if (status === 404) return undefined
    if (status !== 200 || typeof body['value'] !== 'string') throw refused(status)
    return body['value']
  }

  async function put(key: string, value: string): Promise<void> {
    const { status } = await send(`${variables}/${key}`, { method: 'PUT', headers, body: { value } })
    if (status === 200) return
    if (status !== 404) throw refused(status)
    // GitLab cannot mask values with white space, such as a private key in PEM.
    const body = { key, value, masked: !/\s/.test(value), raw: true }
    const created = await send(variables, { method: 'POST', headers, body })
    if (created.status !== 201) throw refused(created.status)
  }

  const refused = (status: number): CommandFailed =>
    new CommandFailed(`GitLab refuses the variable ${place} (${status}): ${status === 400 ? notMaskable : tokenNeeds}`)

  return separately(namesFor(name), put, get)
}

/** `github:OWNER/REPOSITORY/NAME`: the Actions secrets NAME, NAME_NEXT and NAME_PREVIOUS. They cannot be read back. */
export function githubTarget(place: string, env: NodeJS.ProcessEnv, send: SendJson): Target {
  const [owner = '', repository = '', name = '', ...more] = place.split('/')
  if (repository === '' || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || more.length > 0) {
    throw new CommandFailed(`github:${place} is not github:OWNER/REPOSITORY/NAME`)
  }
  const token = env['STAGEDOOR_GITHUB_TOKEN']
  if (!token) throw new CommandFailed('set STAGEDOOR_GITHUB_TOKEN: a token that may write the repository’s secrets')
  const api = env['GITHUB_API_URL'] ?? 'https://api.github.com'
  const secrets = `${api}/repos/${encodeURIComponent(owner)}/${encodeURIComponent(repository)}/actions/secrets`
  const headers = { authorization: `Bearer ${token}`, 'x-github-api-version': '2022-11-28', 'user-agent': 'stagedoor' }

  async function put(secretName: string, value: string): Promise<void> {
    const { status: keyStatus, body: publicKey } = await send(`${secrets}/public-key`, { headers })
    const { key, key_id } = publicKey
    if (keyStatus !== 200 || typeof key !== 'string') throw refused(keyStatus)
    const body = { encrypted_value: await seal(value, key), key_id }
    const { status } = await send(`${secrets}/${secretName}`, { method: 'PUT', headers, body })
    if (status !== 201 && status !== 204) throw refused(status)
  }

  const refused = (status: number): CommandFailed =>
    new CommandFailed(`GitHub refuses the secret ${place} (${status}): the token needs "Secrets: read and write"`)

  return separately(namesFor(name), put)
}

/** Encrypts a value as a libsodium sealed box for the repository's public key, as GitHub requires. */
async function seal(value: string, publicKey: string): Promise<string> {
  const { default: sodium } = await import('libsodium-wrappers')
  await sodium.ready
  const box = sodium.crypto_box_seal(Buffer.from(value), Buffer.from(publicKey, 'base64'))
  return Buffer.from(box).toString('base64')
}
