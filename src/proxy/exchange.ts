import type { ServerResponse } from 'node:http'

import { containErrors, endRequest } from '../errors/contain.ts'
import type { Place, Waiting } from '../overload/queue.ts'
import type { Asked } from '../policy/first-matching-rule.ts'
import type { Session } from '../session/session.ts'
import { isGone, reportUnfinished } from '../telemetry/clients-that-left.ts'
import { Answer, type AnswerOwner, type Client, type Reached } from './answer.ts'
import { breakOff, closeAfterUnreadBody, mustCloseConnection } from './client-response.ts'
import { failureCodeOf, type ProxyFailureCode } from './failure.ts'
import type { UpstreamRequest } from './http1/receiver.ts'
import type { OpenConnection, OpenConnections } from './open-connections.ts'
import { isConnectFailure, mayRetry } from './retry.ts'
import type { Relay } from './upgrades.ts'
import type { Target } from './upstream-addresses.ts'
import type { Lane } from './upstream-connections.ts'

type ExchangeOptions = {
  lane: Lane
  request: UpstreamRequest
  client: Client
  session: Session | undefined
  asked: Asked
  openConnections: OpenConnections
  /** Called at most once, and only while nothing has been sent to the client. */
  onFailure(code: ProxyFailureCode, cause: unknown): void
}

/** Every state except `waiting` and `over` counts as under way in the lane. `place` is the position in the lane's queue. */
type State =
  | { is: 'waiting'; place: Place | undefined }
  | { is: 'admitted' }
  | { is: 'sent'; target: Target; answer: Answer; attempts: number }
  | { is: 'relayed'; target: Target; relay: Relay }
  | { is: 'over' }

/**
 * One request and its answer, from the decision to the end. This class handles the request: it waits for a place, is sent to
 * an address, and is retried at another one where that is safe. `answer.ts` handles the answer.
 */
export class Exchange implements Waiting, OpenConnection, AnswerOwner {
  session: Session | undefined
  readonly asked: Asked
  index = -1

  readonly #options: ExchangeOptions
  readonly #response: ServerResponse
  #state: State = { is: 'waiting', place: undefined }

  static {
    containErrors(this.prototype, ['admit', 'refuse', 'close', 'onClientClosed', 'onRelayClosed'])
  }

  constructor(options: ExchangeOptions) {
    this.#options = options
    this.session = options.session
    this.asked = options.asked
    this.#response = options.client.reply.raw
  }

  get isLongLived(): boolean {
    return this.#state.is === 'relayed' || (this.#state.is === 'sent' && this.#state.answer.isStream)
  }

  start(): void {
    // The client may have left during an earlier stage. `close` is emitted once, so a listener that is added now would never run.
    if (isGone(this.#response)) return reportUnfinished(this.#response)
    const { openConnections, lane } = this.#options
    openConnections.add(this)
    this.#response.on('close', () => this.onClientClosed())
    const place = lane.admission.enter(this)
    if (this.#state.is === 'waiting') this.#state.place = place
  }

  admit(): void {
    this.#state = { is: 'admitted' }
    this.#send(1, undefined)
  }

  refuse(): void {
    this.#state = { is: 'over' }
    this.#options.onFailure('STAGEDOOR_PROXY_OVERLOADED', undefined)
  }

  #send(attempts: number, failed: Target | undefined): void {
    const { lane, request, client } = this.#options
    const target = lane.choose(failed)
    const answer = new Answer(client, this)
    this.#state = { is: 'sent', target, answer, attempts }
    target.active += 1
    target.connections.dispatch(request, answer)
  }

  onBegun(): void {
    if (this.#state.is === 'sent') this.#state.target.health.answered()
  }

  onFailed(error: Error, { isSent, isBegun }: Reached): void {
    const state = this.#state
    if (state.is !== 'sent') return
    const { target, attempts } = state
    if (!isSent && isConnectFailure(error)) target.health.connectFailed(error)
    const { lane, request, client } = this.#options
    if (!isBegun && mayRetry(request, { count: attempts, isSent }, lane, error)) {
      target.active -= 1
      return this.#send(attempts + 1, target)
    }
    this.#leave()
    if (this.#response.headersSent || isGone(this.#response)) return
    if (mustCloseConnection(client.request)) client.reply.header('connection', 'close')
    closeAfterUnreadBody(client.request, this.#response)
    this.#options.onFailure(failureCodeOf(error, isBegun), error)
  }

  onUpgraded(relay: Relay): void {
    if (this.#state.is === 'sent') this.#state = { is: 'relayed', target: this.#state.target, relay }
  }

  onDone(): void {
    this.#leave()
  }

  /** The session has ended, or the gateway stops. */
  close(code: number, reason: string): void {
    if (this.#state.is === 'relayed') this.#state.relay.close(code, reason)
    else breakOff(this.#response)
  }

  onClientClosed(): void {
    const { openConnections, lane } = this.#options
    const state = this.#state
    if (state.is === 'relayed') return
    openConnections.remove(this)
    reportUnfinished(this.#response)
    if (state.is === 'waiting') {
      this.#state = { is: 'over' }
      lane.admission.withdraw(state.place)
    } else if (state.is === 'sent') {
      state.answer.giveUp()
      this.#leave()
    }
  }

  onRelayClosed(): void {
    this.#options.openConnections.remove(this)
    this.#leave()
  }

  /** Ends the exchange after an error in our own code. */
  collapse(error: unknown): void {
    const state = this.#state
    const { reply } = this.#options.client
    if (this.#response.headersSent || isGone(this.#response)) endRequest(error, this.#response, reply.log)
    else this.#options.onFailure('STAGEDOOR_INTERNAL', error)
    if (state.is === 'sent') state.answer.giveUp()
    this.#leave()
  }

  /** Releases the place in the lane. */
  #leave(): void {
    const state = this.#state
    if (state.is === 'waiting' || state.is === 'over') return
    this.#state = { is: 'over' }
    if ('target' in state) state.target.active -= 1
    this.#options.lane.admission.leave()
  }
}
