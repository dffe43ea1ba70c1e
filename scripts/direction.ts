/** `npm run direction`: fails where an import goes against the order of the stages or closes a cycle. */
import { checkDirection } from './direction/check.ts'
import { repositoryRoot } from './testing/command.ts'

const { fileCount, importCount, violations } = checkDirection(repositoryRoot)
for (const violation of violations) console.log(violation)
console.log(`${importCount} imports among ${fileCount} files, ${violations.length} against the direction`)
// A checker that finds no imports looks in the wrong place.
process.exitCode = violations.length > 0 || importCount === 0 ? 1 : 0
