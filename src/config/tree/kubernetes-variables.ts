import type { Problem } from '../problem.ts'

/**
 * Whether Kubernetes or Docker links set a variable. For a Service named `stagedoor`, they set
 * `STAGEDOOR_PORT=tcp://10.96.12.7:8080` in every container. Of the names that they set, only those that end in `_PORT` can be ours.
 */
export function isOfKubernetes(name: string, value: string | undefined): boolean {
  return name.endsWith('_PORT') && /^(?:tcp|udp|sctp):\/\/\S+:\d+$/.test(value ?? '')
}

/** The warning about a variable that is ignored because Kubernetes or Docker set it. */
export function leftAside(name: string): Omit<Problem, 'source' | 'path'> {
  return {
    found: `\${${name}}, which is the address of a service`,
    expected: 'a value of yours',
    fix: `Kubernetes sets ${name} for a Service of this name, so Stagedoor ignores it: set enableServiceLinks: false, or write the value here`,
  }
}
