/** Something a person gave to `stagedoor policy` cannot be used; the message says what to do. */
export class PolicyInputError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PolicyInputError'
  }
}
