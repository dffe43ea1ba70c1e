// This folder: how the methods, hosts and paths that rules name are compared with those of requests.

/** A host in the form that rules compare: with and without its port, without a trailing dot (RFC 3986 §3.2.2). */
export type HostName = { name: string; withPort: string }

/** @param host lower case, with or without port */
export function hostName(host: string): HostName {
  const port = /:\d+$/.exec(host)?.[0] ?? ''
  const name = host.slice(0, host.length - port.length).replace(/\.$/, '')
  return { name, withPort: name + port }
}

/** Whether a host is among the hosts of a rule. A host of a rule without a port matches every port. */
export function isAmongHosts(hosts: readonly string[], { name, withPort }: HostName): boolean {
  return hosts.includes(name) || hosts.includes(withPort)
}
