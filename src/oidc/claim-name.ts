/** Whether a claim name in configuration stands for several: `*` is anything but a slash, e.g. the host of a namespace. */
export function isClaimPattern(name: string): boolean {
  return name.includes('*')
}

/** Whether a claim is meant by a name or pattern. Dots and slashes are part of a name, never steps into it. */
export function compileClaimName(pattern: string): (name: string) => boolean {
  if (!isClaimPattern(pattern)) return (name) => name === pattern
  const expression = new RegExp(
    `^${pattern
      .split('*')
      .map((part) => RegExp.escape(part))
      .join('[^/]*')}$`,
  )
  return (name) => expression.test(name)
}
