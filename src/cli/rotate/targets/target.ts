/**
 * The secrets that a gateway holds. `current` is in use. `next` is accepted beside it; without a rotation both are the same.
 * Cookies may still be sealed with `previous`; a client secret has none.
 */
export type HeldSecrets = { current: string; next: string; previous?: string }

/** A place from which gateways read their secrets. */
export type Target = {
  /** Not set if the target is write-only. Resolves to undefined if nothing has been written yet. */
  read?: () => Promise<HeldSecrets | undefined>
  /** Can be repeated: writing the same secrets again changes nothing. */
  write: (secrets: HeldSecrets) => Promise<void>
}

type Found = { [name in keyof HeldSecrets]-?: string | undefined }

/** A target that stores each secret under its own name. */
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
    /** Writes `current` last, so that no secret in use is ever missing. */
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
