#!/usr/bin/env node
import { oldNodeSentence } from './node-version.ts'

const sentence = oldNodeSentence(process.versions.node)
if (sentence === undefined) {
  // Loaded only now: what it imports is missing in an older Node, which would say so in words of its own.
  await import('./run-program.ts')
} else {
  console.error(sentence)
  process.exitCode = 1
}
