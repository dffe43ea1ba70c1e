import type { ChildProcess } from 'node:child_process'

const children = new Set<ChildProcess>()
let isWatching = false

/** No child outlives the test's process, also when a timeout ends that before its teardown. */
export function endWithUs(child: ChildProcess): void {
  children.add(child)
  child.once('exit', () => children.delete(child))
  if (isWatching) return
  isWatching = true
  process.once('exit', () => {
    for (const left of children) left.kill('SIGKILL')
  })
}
