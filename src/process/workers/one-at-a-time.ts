/**
 * Runs work one at a time. Calls during a run cause one more run afterwards, however many they are.
 * @param work never rejects
 */
export function oneAtATime(work: () => Promise<void>): () => void {
  let isWorking = false
  let isAskedAgain = false

  async function workOn(): Promise<void> {
    isWorking = true
    do {
      isAskedAgain = false
      await work()
    } while (isAskedAgain)
    isWorking = false
  }

  return () => {
    if (isWorking) isAskedAgain = true
    else void workOn()
  }
}
