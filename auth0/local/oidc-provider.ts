/**
 * oidc-provider without its warning of an "unsupported runtime": it warns of every Node that is not called LTS yet, and does so when it
 * is imported. All other warnings are shown.
 */
const { warn } = console
console.warn = (...parts: unknown[]) => {
  if (!String(parts[0]).includes('Unsupported runtime')) warn(...parts)
}
const { Provider, errors, interactionPolicy } = await import('oidc-provider')
console.warn = warn

export { errors, interactionPolicy, Provider }
