import { settingsFingerprint } from '../config/fingerprints.ts'

/** A part that can be kept when the configuration is reloaded. */
export type Definition<Part> = {
  /** Unique among all parts. */
  name: string
  /** Plain values and secrets. The part is kept while they stay equal; without settings, as long as the process runs. */
  settings?: unknown
  /** Other parts that it was made from. The part is kept while these are the same objects. */
  uses?: readonly unknown[]
  make: () => Part
  /** Called when no configuration uses the part any more. */
  close?: (part: Awaited<Part>) => unknown
  /**
   * True when a request that began before a reload may still need the part; it then stays open until those requests have ended. Otherwise it is
   * closed as soon as it is replaced, so that no two parts rotate the same key or read the same stream.
   */
  isNeededByRequests?: boolean
}

type Kept = { part: unknown; holders: Set<object>; definition: Definition<unknown>; fingerprint: string }

/** The parts of the process, across all configurations since its start. */
export type Lasting = ReturnType<typeof createLasting>

export function createLasting() {
  /** In the order in which they were made. */
  const kept: Kept[] = []
  return { hold: () => createHolding(kept) }
}

/** The parts of one configuration. */
export type Holding = ReturnType<typeof createHolding>

function createHolding(kept: Kept[]) {
  const holder = {}
  const works: (() => void)[] = []
  const later: (() => void)[] = []

  /**
   * Releases parts in reverse order of creation, because a part is made from earlier ones.
   * @throws AggregateError with the errors of parts that could not be closed
   */
  async function giveUp(isGivenUp: (definition: Definition<unknown>) => boolean): Promise<void> {
    const failures: unknown[] = []
    for (const each of kept.toReversed()) {
      if (!isGivenUp(each.definition) || !each.holders.delete(holder) || each.holders.size > 0) continue
      kept.splice(kept.indexOf(each), 1)
      await close(each).catch((error: unknown) => failures.push(error))
    }
    if (failures.length > 0) throw new AggregateError(failures, 'parts could not be closed')
  }

  return {
    /** Reuses the part of an earlier configuration if its name, settings and used parts are the same; makes a new one otherwise. */
    part<Part>(definition: Definition<Part>): Part {
      const general = definition as unknown as Definition<unknown>
      const fingerprint = settingsFingerprint(definition.settings)
      const found = kept.find((each) => isSame(each, general, fingerprint)) ?? keep(kept, general, fingerprint)
      found.holders.add(holder)
      return found.part as Part
    },
    /** Adds work for the moment when this configuration takes effect. It runs in the order added, and must not throw. */
    onInForce: (work: () => void) => void works.push(work),
    /** Adds work that runs after that, once the background work of the former configuration has ended. */
    onAlone: (work: () => void) => void later.push(work),
    /**
     * Puts the configuration into effect. The work of `onInForce` runs synchronously, so all parts change before this call returns.
     * @param former the configuration that is replaced; it releases the parts that requests do not need
     */
    async putInForce(former?: { retire(): Promise<void> }): Promise<void> {
      for (const work of works) work()
      try {
        await former?.retire()
      } finally {
        for (const work of later) work()
      }
    },
    /** Releases the parts that requests do not need, and closes those that no other holding has. */
    retire: () => giveUp(({ isNeededByRequests }) => isNeededByRequests !== true),
    /** Releases all parts. */
    release: () => giveUp(() => true),
  }
}

function isSame(each: Kept, { name, uses = [] }: Definition<unknown>, fingerprint: string): boolean {
  const { definition } = each
  const isMadeOfSame = uses.every((used, i) => used === definition.uses?.[i])
  return definition.name === name && each.fingerprint === fingerprint && isMadeOfSame
}

function keep(kept: Kept[], definition: Definition<unknown>, fingerprint: string): Kept {
  const made = { part: definition.make(), holders: new Set<object>(), definition, fingerprint }
  kept.push(made)
  return made
}

/** A part whose creation failed needs no closing. */
async function close({ part, definition }: Kept): Promise<void> {
  const made = await Promise.resolve(part).then(
    (value) => ({ value }),
    () => undefined,
  )
  if (made !== undefined) await definition.close?.(made.value)
}
