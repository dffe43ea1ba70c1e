/** A call was not sent, because the session is over and the person did not want to sign in again now. */
export class SessionOverError extends Error {
  override readonly name = 'SessionOverError'

  constructor() {
    super('Your session is over. Sign in again, then repeat what you did.')
  }
}
