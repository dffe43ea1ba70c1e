// This folder: `stagedoor policy`, which tests, explains and lists the rules of a configuration.

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

import { hasMembers, toPlain } from '../../config/tree/tree.ts'
import { CommandFailed } from '../run-action.ts'
import { readYaml, readTable } from './table.ts'

type Described = { claims: Readonly<Record<string, unknown>>; note?: string }

/** The claims that `--as` stands for, with any assumption made. @throws CommandFailed when it names no known person */
export async function claimsMeantBy(
  { as: who, people }: { as: string; people?: string },
  folder: string,
): Promise<Described> {
  if (who === 'anonymous') return { claims: {} }
  if (people !== undefined) {
    const known = readTable(await readYaml(people, folder), people).people.get(who)
    if (known !== undefined) return { claims: known }
  }
  if (existsSync(resolve(folder, who))) return { claims: await claimsIn(who, folder) }
  if (who.includes('|'))
    return { claims: { sub: who }, note: `This assumes that ${who} has no roles, groups or claims.` }
  if (who.includes('@')) {
    const claims = { email: who, email_verified: true }
    return { claims, note: `This assumes that ${who} is verified, and has no roles, groups or other claims.` }
  }
  throw new CommandFailed(
    `${who} is not a known person: give a file with claims, an e-mail address, a user id, anonymous, or a name of --people.`,
  )
}

async function claimsIn(file: string, folder: string): Promise<Readonly<Record<string, unknown>>> {
  const claims = toPlain(await readYaml(file, folder))
  if (hasMembers(claims) && !Array.isArray(claims)) return claims
  throw new CommandFailed(`${file} holds no claims: write a JSON object, such as the payload of an ID token.`)
}
