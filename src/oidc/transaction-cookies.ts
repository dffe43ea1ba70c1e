import type { FastifyReply, FastifyRequest } from 'fastify'

import { createSingleUse, type SingleUse } from '../revocation/single-use.ts'
import type { Sealer } from '../seal/sealer.ts'
import { type Occupied, type Slot, slotFor, slots } from './login-slots.ts'
import {
  type LoginState,
  readLoginState,
  readTransaction,
  type Transaction,
  transactionLifetimeMs,
} from './transaction.ts'

export type TransactionCookies = ReturnType<typeof createTransactionCookies>

/**
 * Binds logins in flight to the browser that started them: one small sealed cookie each, in one of five slots.
 * @param isSecure false only for plain http on localhost, where browsers refuse the `__Host-` prefix
 */
export function createTransactionCookies(isSecure: boolean, sealers: { cookie: Sealer; state: Sealer }) {
  const prefix = isSecure ? '__Host-stagedoor-tx.' : 'stagedoor-tx.'
  // Lax, because the browser returns from the provider by a cross-site top-level navigation.
  const attributes = { path: '/', httpOnly: true, secure: isSecure, sameSite: 'lax' } as const

  async function read(request: FastifyRequest, slot: Slot): Promise<Transaction | undefined> {
    const value = request.cookies[prefix + slot]
    return value === undefined ? undefined : readTransaction((await sealers.cookie.open(value))?.payload)
  }

  return {
    read,
    /** @param random a whole number */
    async chooseSlot(request: FastifyRequest, random: number): Promise<Slot> {
      const found = await Promise.all(slots.map(async (slot) => [slot, await read(request, slot)] as const))
      return slotFor(Object.fromEntries(found) as Occupied, random)
    },
    async write(reply: FastifyReply, slot: Slot, transaction: Transaction): Promise<void> {
      const value = await sealers.cookie.seal(transaction)
      reply.setCookie(prefix + slot, value, { ...attributes, maxAge: transactionLifetimeMs / 1000 })
    },
    clear(reply: FastifyReply, slot: Slot): void {
      reply.setCookie(prefix + slot, '', { ...attributes, maxAge: 0 })
    },
    sealState: (state: LoginState) => sealers.state.seal(state),
    /** Undefined for a state that we did not seal, or whose encoding is not canonical. */
    async openState(text: string): Promise<LoginState | undefined> {
      if (!isCanonical(text)) return undefined
      return readLoginState((await sealers.state.open(text))?.payload)
    },
  }
}

function isCanonical(sealed: string): boolean {
  return sealed.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part)
}

export type UsedTransactions = ReturnType<typeof createUsedTransactions>

/**
 * Remembers logins that were finished or abandoned, so that none is used twice.
 * @param now milliseconds since the epoch
 * @param singleUse shared by all processes; while it does not answer, this process uses its own memory
 */
export function createUsedTransactions(now: () => number, singleUse: Pick<SingleUse, 'claim'>) {
  const own = createSingleUse(now)
  return {
    /** False when the transaction was used before, in any process that shares our Redis. */
    async claim(id: string): Promise<boolean> {
      if (!(await own.claim(id, transactionLifetimeMs))) return false
      return singleUse.claim(`transaction ${id}`, transactionLifetimeMs).catch(() => true)
    },
  }
}
