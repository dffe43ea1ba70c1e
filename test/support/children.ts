import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

const children = new Set<ChildProcess>()
let isWatching = false

/** Ends the child with the test's process, even if a timeout ends that before its teardown. */
export function endWithUs(child: ChildProcess): void {
  children.add(child)
  child.once('exit', () => children.delete(child))
  if (isWatching) return
  isWatching = true
  process.once('exit', () => {
    for (const left of children) left.kill('SIGKILL')
  })
}

/** Sends a signal that ends a child and resolves when it has ended, even if it had ended before. */
export async function endAndWait(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}
