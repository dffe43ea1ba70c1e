/**
 * Has work done one at a time: what is asked for meanwhile is done once afterwards, however often it was asked.
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
