const maxCauses = 5

/** The reason why a request got no answer, as the system reports it: `connect ECONNREFUSED 10.0.0.7:443`, `self-signed certificate`. */
export function whyNoAnswer(error: unknown): string {
  let reason = error
  for (let depth = 0; depth < maxCauses && reason instanceof Error && reason.cause !== undefined; depth += 1) {
    reason = reason.cause
  }
  if (!(reason instanceof Error)) return String(reason)
  if (reason.name === 'TimeoutError') return 'no answer in time'
  // Removes the advice that Node adds after a semicolon.
  const [words = ''] = reason.message.split(';')
  // If several addresses refuse, Node throws an AggregateError that has only a code.
  return words || ((reason as NodeJS.ErrnoException).code ?? reason.name)
}

/** The remedy for a service that does not answer, given the reason. */
export function waysToReach(reason: string, host: string): string {
  if (/certificate/i.test(reason)) {
    return 'Make Node trust the company’s certificate authority: set auth0.tls.ca for Auth0, or NODE_EXTRA_CA_CERTS for all.'
  }
  if (/ENOTFOUND|EAI_AGAIN/.test(reason)) return `Check the name ${host}, and the DNS of this machine.`
  if (/SSL|TLS|EPROTO|handshake/i.test(reason)) {
    return `A proxy between here and ${host} breaks TLS: it has to speak TLS 1.2 with ECDHE or TLS 1.3.`
  }
  if (/ECONNREFUSED/.test(reason)) {
    return `No process listens at ${host}, or a firewall refuses: check the address, the firewall, HTTPS_PROXY and NO_PROXY.`
  }
  return `This machine cannot reach ${host}: check the firewall, HTTPS_PROXY and NO_PROXY.`
}
