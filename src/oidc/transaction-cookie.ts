import type { FastifyReply, FastifyRequest } from 'fastify'

import type { Sealer } from '../seal/sealer.ts'
import { surplusIds, type Transaction, transactionLifetimeMs } from './transaction.ts'

/** Binds logins in flight to the browser that started them: one sealed cookie each, five at most. */
export type TransactionCookies = {
  write(request: FastifyRequest, reply: FastifyReply, transaction: Transaction): Promise<void>
  read(request: FastifyRequest, id: string): Promise<Transaction | undefined>
  clear(reply: FastifyReply, id: string): void
}

/** @param isSecure false only for plain http on localhost, where browsers refuse the `__Host-` prefix */
export function createTransactionCookies(isSecure: boolean, sealer: Sealer): TransactionCookies {
  const prefix = isSecure ? '__Host-stagedoor-tx.' : 'stagedoor-tx.'
  // Lax, because the browser comes back from the provider by a cross-site top-level navigation.
  const attributes = { path: '/', httpOnly: true, secure: isSecure, sameSite: 'lax' } as const
  const clear = (reply: FastifyReply, id: string): void => {
    reply.setCookie(prefix + id, '', { ...attributes, maxAge: 0 })
  }

  return {
    async write(request, reply, transaction) {
      for (const id of surplusIds(idsInFlight(request, prefix))) clear(reply, id)
      const value = await sealer.seal(transaction)
      reply.setCookie(prefix + transaction.id, value, { ...attributes, maxAge: transactionLifetimeMs / 1000 })
    },
    async read(request, id) {
      const value = request.cookies[prefix + id]
      if (value === undefined) return undefined
      const opened = await sealer.open(value)
      const transaction = opened?.payload as Transaction | undefined
      return transaction?.id === id ? transaction : undefined
    },
    clear,
  }
}

function idsInFlight(request: FastifyRequest, prefix: string): string[] {
  return Object.keys(request.cookies)
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
}
