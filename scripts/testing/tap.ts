import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { repositoryRoot, runCommand } from './command.ts'
import { compileCache } from './compile-cache.ts'

/** The result of a test run. The numbers are assertions, as tap counts them. */
export type TestCounts = { passed: number; failed: number; skipped: number }

const summary = /^# \{ total: \d+(?<counts>[^}]*)\}$/gm

const countOf = (counts: string, word: string): number =>
  Number(new RegExp(`\\b${word}: (\\d+)`).exec(counts)?.[1] ?? 0)

/**
 * Reads tap's closing `# { total: 5, pass: 3, fail: 1, skip: 1 }`. Output without one counts as a failure: a runner
 * that died has not passed.
 */
export const countsOf = (tapOutput: string): TestCounts => {
  const counts = [...tapOutput.matchAll(summary)].at(-1)?.groups?.['counts']
  if (counts === undefined) return { passed: 0, failed: 1, skipped: 0 }
  return {
    passed: countOf(counts, 'pass'),
    failed: countOf(counts, 'fail'),
    skipped: countOf(counts, 'skip') + countOf(counts, 'todo'),
  }
}

/** The tests that were skipped, each with its reason. */
export const skipsOf = (tapOutput: string): string[] => [
  ...new Set(
    [...tapOutput.matchAll(/^ *ok \d+ - (?<name>.+?) # SKIP(?<reason>.*)$/gm)].map(
      ({ groups }) => `${groups?.['name']}:${groups?.['reason'] || ' no reason given'}`,
    ),
  ),
]

const fileTime = /^(?:not )?ok \d+ - (?<file>\S+\.test\.ts) # time=(?<ms>[\d.]+)ms/gm

/** The test files that took longest, the slowest first: `45 s test/a.test.ts`. */
export const slowestOf = (tapOutput: string, limit: number): string[] =>
  [...tapOutput.matchAll(fileTime)]
    .map(({ groups }) => ({ file: groups?.['file'], seconds: Math.round(Number(groups?.['ms']) / 1000) }))
    .toSorted((one, other) => other.seconds - one.seconds)
    .slice(0, limit)
    .map(({ file, seconds }) => `${seconds} s ${file}`)

/** A test's beginning, or a failure with the YAML block of what it found (TAP 14). */
const testPoint =
  /^(?<indent> *)(?:# Subtest: (?<subtest>.+)|not ok \d+ - (?<failure>.+?)(?: # .*)?(?:\n\k<indent> {2}---\n(?<found>[^]*?)\n\k<indent> {2}\.\.\.)?)$/gm

/** `test/a.test.ts > what holds > the assertion`, and what was found there: difference, place, stack. */
export type Failure = { path: string; found: string }

/** The failures, innermost only. */
export const failuresOf = (tapOutput: string): Failure[] => {
  const openTests: string[] = []
  const failures: Failure[] = []
  for (const { groups } of tapOutput.matchAll(testPoint)) {
    // TAP 14 indents the lines of a subtest by four spaces.
    const depth = (groups?.['indent']?.length ?? 0) / 4
    const name = groups?.['subtest'] ?? groups?.['failure'] ?? ''
    openTests.splice(depth, Infinity, name)
    const path = openTests.join(' > ')
    // A test closes after the failures inside it, which are more specific.
    const isSaid = failures.some((failure) => failure.path.startsWith(`${path} > `))
    if (groups?.['failure'] !== undefined && !isSaid) failures.push({ path, found: groups['found'] ?? '' })
  }
  return failures
}

/** Of one failure, so that the first of many is still in sight. */
const maxFoundLines = 60

const testFilesOf = (path: string): string =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, '**', '*.test.ts') : path

const coverageOptions = ['--allow-incomplete-coverage', '--allow-empty-coverage', '--coverage-report=json']

const readIfThere = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

// In node_modules, so that a fresh install forgets it: that is when tap's plugins must be put together anew.
const buildStamp = join(repositoryRoot, 'node_modules', '.cache', 'stagedoor', 'tap-plugins')

/** Lets tap put its plugins together as `.taprc` says, once an install. */
const ensureTapPlugins = async (): Promise<void> => {
  const plugins = readFileSync(join(repositoryRoot, '.taprc'), 'utf8')
  if (readIfThere(buildStamp) === plugins) return
  if ((await runCommand('tap', ['build'])) !== 0) throw new Error('tap could not put its plugins together')
  mkdirSync(dirname(buildStamp), { recursive: true })
  writeFileSync(buildStamp, plugins)
}

const importOption = (file: string): string => `--import=${pathToFileURL(join(import.meta.dirname, file)).href}`

type RunOptions = {
  coverage: boolean
  /** A part of `npm test`: its slowest files are of interest. */
  isSuite?: boolean
  timeoutSeconds?: number
  /** Receives the output of the run. */
  log?: (text: string) => void
}

/** Runs the tests below the paths with tap. With coverage, istanbul's JSON is left in `.tap/report`. */
export const runTap = async (
  paths: readonly string[],
  { coverage, isSuite = false, timeoutSeconds = 600, log = console.log }: RunOptions,
): Promise<TestCounts> => {
  await ensureTapPlugins()
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-tap-'))
  const output = join(folder, 'output.tap')
  const options = [
    ...(coverage ? coverageOptions : ['--disable-coverage']),
    // A file that starts a real Backstage or a browser needs minutes where much else is done; a stuck one still ends.
    `--timeout=${timeoutSeconds}`,
    // Three more than there are cores, because many files wait for a browser, a Backstage or a timer.
    `--jobs=${availableParallelism() + 3}`,
    // The reporter `base` redraws the screen and prints nothing where `CI` is set; a log gets the failures below instead.
    `--reporter=${process.stdout.isTTY ? 'base' : 'silent'}`,
    `--output-file=${output}`,
    `--node-arg=${importOption('whole-lists.ts')}`,
    `--node-arg=${importOption('plain-children.ts')}`,
  ]
  // V8 counts the branches of a function only where it compiles it anew. What tests start as programs is not measured.
  const environment = {
    NODE_COMPILE_CACHE: coverage ? undefined : compileCache,
    // Node imports what stands here before what its arguments name, tap's hooks among them.
    NODE_OPTIONS: `${importOption('own-files-only.ts')} ${process.env['NODE_OPTIONS'] ?? ''}`.trim(),
  }
  const exitCode = await runCommand('tap', [...options, ...paths.map(testFilesOf)], environment)
  const tapOutput = readIfThere(output)
  const counts = countsOf(tapOutput)
  if (isSuite) log(`Slowest: ${slowestOf(tapOutput, 20).join(', ')}`)
  for (const skip of skipsOf(tapOutput)) log(`Skipped: ${skip}`)
  for (const { path, found } of failuresOf(tapOutput)) {
    log(`Failed: ${path}`)
    if (!process.stdout.isTTY) log(found.split('\n').slice(0, maxFoundLines).join('\n'))
  }
  rmSync(folder, { recursive: true })
  return exitCode === 0 ? counts : { ...counts, failed: Math.max(1, counts.failed) }
}
