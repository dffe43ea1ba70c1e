/** Whether a call that was stopped may be sent again. */
export type Outcome = 'retry' | 'give-up'

/** Where calls wait for the person. Nobody waits at a gate that is not there: the first one makes it. */
export type Gate = {
  wait(): Promise<Outcome>
  open(outcome: Outcome): void
}

export function createGate(): Gate {
  let waiting: { promise: Promise<Outcome>; resolve: (outcome: Outcome) => void } | undefined
  return {
    wait() {
      waiting ??= deferred()
      return waiting.promise
    },
    open(outcome) {
      waiting?.resolve(outcome)
      waiting = undefined
    },
  }
}

function deferred() {
  let resolve: (outcome: Outcome) => void = () => {}
  const promise = new Promise<Outcome>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
