import { linesOf } from '../../audit/trail-files.ts'
import { Verifier, type Verdict } from '../../audit/verify.ts'
import type { Terminal } from '../terminal.ts'
import type { TrailFiles } from './trail-files.ts'

/** Checks a whole trail, and says what was changed. Returns the exit code. */
export async function verifyTrail({ files, checkpoints, keys }: TrailFiles, terminal: Terminal): Promise<number> {
  const verifier = new Verifier({ keys, checkpoints })
  let current = files[0]
  for await (const { line, place, file } of linesOf(files)) {
    if (file !== current) verifier.nextFile()
    current = file
    verifier.line(line, place)
  }
  return report(verifier.end(), terminal)
}

function report({ records, repeats, writers, checkpoints, faults, notes }: Verdict, { out, err }: Terminal): number {
  for (const note of notes) out(`note: ${note}\n`)
  for (const { place, text } of faults) err(`${place}: ${text}\n`)
  const again = repeats === 0 ? '' : `, ${repeats} of them repeated`
  const seen = `${records} records${again}, ${writers} writers, ${checkpoints} signed checkpoints`
  if (faults.length === 0) {
    out(`The trail is whole: ${seen}.\n`)
    return 0
  }
  err(`The trail is not whole: ${faults.length === 1 ? '1 fault' : `${faults.length} faults`} in ${seen}.\n`)
  return 1
}
