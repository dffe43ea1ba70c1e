/**
 * The secrets that a gateway holds: `current` is used, `next` is accepted beside it, and is the same one while nothing is
 * rotated. `previous` is what cookies may still be sealed with; a client secret has none.
 */
export type HeldSecrets = { current: string; next: string; previous?: string }

/** A place that gateways take their secrets from. */
export type Target = {
  /** Absent where secrets can only be written; undefined where nothing has been written yet. */
  read?: () => Promise<HeldSecrets | undefined>
  /** Writing the same again changes nothing. */
  write: (secrets: HeldSecrets) => Promise<void>
}

type Found = { [name in keyof HeldSecrets]-?: string | undefined }

/** A target that keeps each secret under a name of its own. */
export function separately(
  names: Record<keyof HeldSecrets, string>,
  put: (name: string, secret: string) => Promise<void>,
  get?: (name: string) => Promise<string | undefined>,
): Target {
  return {
    ...(get !== undefined && {
      read: async () =>
        heldIn({
          current: await get(names.current),
          next: await get(names.next),
          previous: await get(names.previous),
        }),
    }),
    /** The current one is written last, so that no secret in use is missing. */
    async write({ current, next, previous }) {
      if (previous !== undefined) await put(names.previous, previous)
      await put(names.next, next)
      await put(names.current, current)
    },
  }
}

export function heldIn({ current, next = current, previous }: Found): HeldSecrets | undefined {
  if (current === undefined || next === undefined) return undefined
  return { current, next, ...(previous !== undefined && { previous }) }
}
