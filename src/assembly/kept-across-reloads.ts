import { settingsFingerprint } from '../config/fingerprints.ts'

/** A part that may outlive the configuration that it was made for. */
export type Definition<Part> = {
  /** Names it among all parts. */
  name: string
  /** While these are equal the part lives on: plain values and secrets. Without any it lives as long as the process. */
  settings?: unknown
  /** Other parts that it was made of: while these are the same objects. */
  uses?: readonly unknown[]
  make: () => Part
  /** Ends it, once no configuration has it. */
  close?: (part: Awaited<Part>) => unknown
  /**
   * Requests that began before a change may need it to their end; else it is closed as soon as another takes its place, so
   * that no two of a kind rotate one key or read one stream.
   */
  isNeededByRequests?: boolean
}

type Kept = { part: unknown; holders: Set<object>; definition: Definition<unknown>; fingerprint: string }

/** Parts of one process, across the configurations that it has had. */
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
   * The latest first: a part is made of earlier ones.
   * @throws AggregateError of those that could not be closed
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
    /** The part as an earlier configuration has it, where its definition is the same, else a new one. */
    part<Part>(definition: Definition<Part>): Part {
      const general = definition as unknown as Definition<unknown>
      const fingerprint = settingsFingerprint(definition.settings)
      const found = kept.find((each) => isSame(each, general, fingerprint)) ?? keep(kept, general, fingerprint)
      found.holders.add(holder)
      return found.part as Part
    },
    /** Has work done when this configuration takes effect, in order; nothing in it may fail. */
    onInForce: (work: () => void) => void works.push(work),
    /** Has work done after that, once what the former configuration did in the background has ended. */
    onAlone: (work: () => void) => void later.push(work),
    /**
     * Lets the configuration take effect: for all its parts before this returns.
     * @param former gives up what requests do not need
     */
    async putInForce(former?: { retire(): Promise<void> }): Promise<void> {
      for (const work of works) work()
      try {
        await former?.retire()
      } finally {
        for (const work of later) work()
      }
    },
    /** Gives up what requests do not need, and closes what no other holding has. */
    retire: () => giveUp(({ isNeededByRequests }) => isNeededByRequests !== true),
    /** Gives up everything. */
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

/** A part that could not be made has nothing to close. */
async function close({ part, definition }: Kept): Promise<void> {
  const made = await Promise.resolve(part).then(
    (value) => ({ value }),
    () => undefined,
  )
  if (made !== undefined) await definition.close?.(made.value)
}
