/**
 * The error message when Node is too old to run the command; undefined when it is new enough. This file imports nothing, so that an old
 * Node can load it.
 * @param version as in `process.versions.node`
 */
export function oldNodeSentence(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 24 || (major === 24 && minor >= 11)) return undefined
  return `Stagedoor needs Node 24.11 or 26, and this is ${version} (${process.execPath}). Install a newer Node, or put it first on the PATH.`
}
