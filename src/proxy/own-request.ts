import { getStatus, type StatusRequest } from './http1/get-status.ts'
import type { Choose } from './upstream-addresses.ts'
import type { Admission } from './upstream-limit.ts'

/** The lane that clients' requests take to an upstream. */
type Requests = { admission: Admission; choose: Choose }

/**
 * Sends a GET of our own, within the same limits as the requests of clients, and discards the body of the answer.
 *
 * @returns its status
 * @throws Error when the queue is full, or no answer comes in time
 */
export async function sendOwnRequest(
  { requests: { admission, choose } }: { requests: Requests },
  request: StatusRequest,
): Promise<number> {
  await new Promise<void>((admit, reject) => {
    admission.enter({ admit, refuse: () => reject(new Error('too many requests are under way')) })
  })
  const target = choose(undefined)
  target.active += 1
  try {
    return await getStatus(target.connections, request)
  } finally {
    target.active -= 1
    admission.leave()
  }
}
