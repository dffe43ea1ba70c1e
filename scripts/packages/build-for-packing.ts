/** Builds the package of the current folder; `prepack.mjs` runs it. */
import { buildForPacking } from '../backstage-setup.ts'

await buildForPacking(process.cwd(), { log: (line) => console.error(line) })
