import { inspect } from 'node:util'

const placeholder = '[secret]'

/** A value that is never shown: JSON, templates, logs and `util.inspect` print `[secret]`. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself: for the one call that needs it, never to be stored or logged. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return placeholder
  }

  toJSON(): string {
    return placeholder
  }

  [inspect.custom](): string {
    return placeholder
  }
}
