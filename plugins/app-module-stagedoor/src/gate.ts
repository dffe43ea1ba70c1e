/** Whether a call that was stopped may be sent again. */
export type Outcome = 'retry' | 'give-up'

/** Where calls wait for the person. */
export type Gate = {
  wait(): Promise<Outcome>
  open(outcome: Outcome): void
}

export function createGate(): Gate {
  const waiting: ((outcome: Outcome) => void)[] = []
  return {
    wait: () => new Promise((resolve) => waiting.push(resolve)),
    open(outcome) {
      for (const resolve of waiting.splice(0)) resolve(outcome)
    },
  }
}
