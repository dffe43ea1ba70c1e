// This folder: how the methods, hosts and paths that rules name are compared with those of requests.

/** A host as rules compare it: with and without its port, a trailing dot left out (RFC 3986 §3.2.2). */
export type HostName = { name: string; withPort: string }

/** @param host lower case, with or without port */
export function hostName(host: string): HostName {
  const port = /:\d+$/.exec(host)?.[0] ?? ''
  const name = host.slice(0, host.length - port.length).replace(/\.$/, '')
  return { name, withPort: name + port }
}

/** Whether one of the hosts of a rule is this one: a host without a port is meant at every port. */
export function isAmongHosts(hosts: readonly string[], { name, withPort }: HostName): boolean {
  return hosts.includes(name) || hosts.includes(withPort)
}
