/**
 * The secrets that a gateway holds: `current` is used, `next` is accepted beside it, and is the same one while nothing is
 * rotated. `previous` is what cookies may still be sealed with; a client secret has none.
 */
export type HeldSecrets = { current: string; next: string; previous?: string }

/** A place that gateways take their secrets from. */
export type Target = {
  /** As it stands on the command line. */
  name: string
  /** Absent where secrets can only be written; undefined where nothing has been written yet. */
  read?: () => Promise<HeldSecrets | undefined>
  /** Writing the same again changes nothing. The current one is written last, so that no secret in use is missing. */
  write: (secrets: HeldSecrets) => Promise<void>
}
