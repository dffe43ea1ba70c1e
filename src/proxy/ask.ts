import { ask, type Question as OneQuestion } from './http1/ask.ts'
import type { Upstream } from './upstream.ts'

export type Question = OneQuestion & {
  /** Questions of one key share one turn among the clients that wait for the upstream. */
  clientKey: string
}

/**
 * A GET of our own, for no client's request, within the bounds of all others; the answer's body is of no interest.
 *
 * @returns its status
 * @throws Error where there is no room, or no answer in time
 */
export async function askUpstream(
  { requests: { admission, choose } }: Pick<Upstream, 'requests'>,
  { clientKey, ...question }: Question,
): Promise<number> {
  await new Promise<void>((admit, reject) => {
    admission.enter({ clientKey, admit, refuse: () => reject(new Error('too many requests are under way')) })
  })
  const target = choose(undefined)
  target.active += 1
  try {
    return await ask(target.connections, question)
  } finally {
    target.active -= 1
    admission.leave()
  }
}
