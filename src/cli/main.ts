#!/usr/bin/env node
import { oldNodeSentence } from './node-version.ts'

const sentence = oldNodeSentence(process.versions.node)
if (sentence === undefined) {
  // Loaded only after the check: an older Node lacks modules that it imports, and would fail with an unclear error.
  await import('./run-program.ts')
} else {
  console.error(sentence)
  process.exitCode = 1
}
