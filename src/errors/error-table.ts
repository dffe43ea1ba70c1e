/** One row of the error table; `docs/errors.md` is generated from it. */
export type ErrorRow = {
  status: number
  /** Log level: `info` for a client's mistake, `warn` for something to watch, `error` for something to fix. */
  level: 'info' | 'warn' | 'error'
  /** The public sentence: what happened, without detail that would help an attacker. */
  sentence: string
  /** What to do next; shown to the person and printed in the docs. */
  remedy: string
}

/** Makes a row from text: the first line is the sentence, the other lines are the remedy. */
function row(status: number, level: ErrorRow['level']) {
  return ([text = '']: TemplateStringsArray): ErrorRow => {
    const [sentence = '', ...remedy] = text.trim().split(/\n\s*/)
    return { status, level, sentence, remedy: remedy.join(' ') }
  }
}

/** Every error that a client can get, by code (`STAGEDOOR_<STAGE>_<WHAT>`). */
export const errorTable = {
  STAGEDOOR_BOUNDARY_MALFORMED_REQUEST: row(400, 'info')`
    The request could not be read.
    Send a well-formed HTTP/1.1 request, with a body that is what its Content-Type says; QUERY needs one.
    If a proxy stands in between, make sure that it does not rewrite requests.`,
  STAGEDOOR_BOUNDARY_METHOD_NOT_ALLOWED: row(405, 'info')`
    The portal does not accept this request method.
    Use one of the methods that the Allow header lists. TRACE and CONNECT are always refused.`,
  STAGEDOOR_BOUNDARY_METHOD_OVERRIDE: row(400, 'info')`
    The request names another method in a header than in its first line.
    Put the intended method in the request line, and remove X-HTTP-Method-Override, X-HTTP-Method and X-Method-Override: rules decide by the request line.`,
  STAGEDOOR_BOUNDARY_PATH_NOT_CANONICAL: row(400, 'info')`
    The address is written in a way that different servers read differently.
    Use the plain spelling of the path: no dot segments, double slashes, backslashes, semicolons or needless percent-encoding.`,
  STAGEDOOR_BOUNDARY_AMBIGUOUS_HEADERS: row(400, 'info')`
    The request has headers that contradict each other, or no Host header.
    Send Host exactly once, and each of Content-Length, Transfer-Encoding, Authorization, Content-Type and Upgrade at most once.`,
  STAGEDOOR_BOUNDARY_BAD_HOST: row(400, 'info')`
    The host in the request is not a valid host name or address.
    Send Host as a name or an address, with a port if necessary. Operators: configure proxies to send one host in X-Forwarded-Host.`,
  STAGEDOOR_BOUNDARY_LOOP: row(508, 'error')`
    The request was forwarded in a loop: it came back to Stagedoor.
    Tell the owners of the portal. Operators: an upstream leads back to Stagedoor; set upstreams.<name>.url to the address of Backstage itself.`,
  STAGEDOOR_BOUNDARY_HEADERS_TOO_LARGE: row(431, 'info')`
    The address and the headers of the request are too large together.
    Try again: this answer has cleared our cookies. If the error persists, clear all cookies of this site, or use a shorter address.
    Operators: raise server.maxHeaderBytes if legitimate requests are that large.`,
  STAGEDOOR_BOUNDARY_BODY_TOO_LARGE: row(413, 'info')`
    The form sent to Stagedoor is too large.
    Go back and send the form again as the page offered it.`,
  STAGEDOOR_BOUNDARY_UNSUPPORTED_MEDIA_TYPE: row(415, 'info')`
    Stagedoor cannot read this kind of body, or its Content-Type.
    Send a well-formed Content-Type. Stagedoor itself takes application/x-www-form-urlencoded and application/json.`,
  STAGEDOOR_BOUNDARY_REQUEST_TIMEOUT: row(408, 'info')`
    The request took too long to arrive.
    Try again. If it happens often, check the network between the client and Stagedoor.
    Operators: see server.timeouts.headers and server.timeouts.transfer.`,
  STAGEDOOR_BOUNDARY_OVERLOADED: row(503, 'warn')`
    The portal has more requests than it can serve at this moment.
    Try again in a moment. Operators: docs/overload.md explains the limit that the reason names; see the metric stagedoor_shed_total.`,
  STAGEDOOR_BOUNDARY_NOT_FOUND: row(404, 'info')`
    There is no such page here.
    Check the address, or start again from the portal’s front page.`,
  STAGEDOOR_BOUNDARY_UNTRUSTED_PROXY: row(403, 'warn')`
    Only a proxy that Stagedoor trusts may ask about the requests of others.
    Go to the portal’s front page. Operators: add the network of the proxy to server.trustedProxies.`,
  STAGEDOOR_BOUNDARY_FORWARDED_REQUEST_UNCLEAR: row(403, 'warn')`
    The proxy does not say clearly which request it asks about.
    Try again without unusual headers. Operators: configure the proxy to send method and URI in one way only, see docs/forward-auth.md.`,
  STAGEDOOR_BOUNDARY_FORWARDED_PATH_NOT_CANONICAL: row(403, 'info')`
    The address is written in a way that different servers read differently.
    Use the plain spelling of the path: no dot segments, double slashes, backslashes, semicolons or needless percent-encoding.`,
  STAGEDOOR_BOUNDARY_FORWARDED_METHOD_OVERRIDE: row(403, 'info')`
    The request names another method in a header than in its first line.
    Put the intended method in the request line, and remove X-HTTP-Method-Override, X-HTTP-Method and X-Method-Override: rules decide by the request line.`,

  STAGEDOOR_SESSION_STORE_UNAVAILABLE: row(503, 'error')`
    Sessions cannot be read or changed right now. No session has ended.
    Try again in a moment. Operators: check the session store (session.redis).`,
  STAGEDOOR_SESSION_COOKIE_TOO_LARGE: row(500, 'error')`
    Your session is too large for a cookie.
    Operators: set session.store to redis, or have the Auth0 Action send fewer groups.`,
  STAGEDOOR_SESSION_REQUIRED: row(401, 'info')`
    You are not signed in.
    Sign in, then try again.`,
  STAGEDOOR_SESSION_CROSS_SITE: row(403, 'warn')`
    This action has to be started from a page of this portal.
    Open the portal at its own address and try from there.
    Operators: this address is server.baseUrl; session.otherOrigins sets what pages of other origins may do at upstreams.`,

  STAGEDOOR_BEARER_REFUSED: row(401, 'info')`
    The access token was not accepted.
    See the reason; \`stagedoor token verify\` explains how to fix it.`,
  STAGEDOOR_BEARER_KEYS_UNAVAILABLE: row(503, 'error')`
    Access tokens cannot be verified right now.
    Try again in a moment with the same token. Operators: the issuer’s keys cannot be fetched; see the readiness probe.`,
  STAGEDOOR_BEARER_TOO_MANY_ATTEMPTS: row(429, 'warn')`
    Too many access tokens were refused.
    Wait for the time in Retry-After. A valid token is still accepted.`,

  STAGEDOOR_OIDC_TOO_MANY_ATTEMPTS: row(429, 'warn')`
    Too many sign-ins from your network have failed.
    Wait a moment, then start again from the portal.`,
  STAGEDOOR_OIDC_UNAVAILABLE: row(503, 'error')`
    Signing in is not possible right now, because the login service does not answer.
    Try again in a few minutes. Existing sessions keep working.`,
  STAGEDOOR_OIDC_NOT_A_NAVIGATION: row(400, 'info')`
    The sign-in address has to be opened as a page.
    Open this address in the browser itself, not from a script.`,
  STAGEDOOR_OIDC_BAD_LOGIN_PARAMETER: row(400, 'info')`
    The login link has an invalid parameter.
    Ask for a new link, or start again from the portal’s front page.`,
  STAGEDOOR_OIDC_TRANSACTION_MISSING: row(400, 'info')`
    This sign-in was not started in this browser, or is complete already.
    Start again from the portal. Allow cookies for this site, and do not bookmark the login page.`,
  STAGEDOOR_OIDC_TRANSACTION_EXPIRED: row(400, 'info')`
    This sign-in took too long and was dropped for safety.
    Start again from the portal.`,
  STAGEDOOR_OIDC_STATE_MISMATCH: row(400, 'warn')`
    The answer of the login service belongs to another sign-in.
    Start again from the portal.`,
  STAGEDOOR_OIDC_BAD_CALLBACK: row(400, 'info')`
    The login service sent your browser back with an incomplete address.
    Start again from the portal.`,
  STAGEDOOR_OIDC_PROVIDER_REFUSED: row(403, 'info')`
    The login service did not let you in.
    Try again, or ask the owners of the portal if you should have access.`,
  STAGEDOOR_OIDC_CLIENT_REJECTED: row(502, 'error')`
    The login service does not accept this portal’s own credentials.
    Operators: compare auth0.clientId and auth0.clientSecrets (or auth0.privateKeys) with Applications → <app> → Settings (Credentials) in Auth0.`,
  STAGEDOOR_OIDC_PUSHED_AUTHORIZATION_FAILED: row(502, 'error')`
    The login service refused this portal’s request to sign you in.
    Start again from the portal.
    Operators: the log line has Auth0’s answer from /oauth/par; see auth0.pushedAuthorization.`,
  STAGEDOOR_OIDC_TOKEN_EXCHANGE_FAILED: row(502, 'error')`
    The login service’s answer could not be verified.
    Start again from the portal. Operators: the log line with this request id names the check that failed.`,
  STAGEDOOR_OIDC_ORGANIZATION_MISMATCH: row(403, 'warn')`
    You signed in to another organization than the requested one.
    Sign in again and choose the right organization.`,
  STAGEDOOR_OIDC_STEP_UP_FAILED: row(403, 'warn')`
    The login service did not confirm a second factor.
    Try again and confirm with your second factor. Operators: a post-login Action has to act on acr_values.`,
  STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED: row(400, 'warn')`
    This is not a logout token for this portal, or it was used before.
    Operators: the reason says which check failed; compare the issuer and client id in Auth0 with the configuration.`,
  STAGEDOOR_OIDC_SESSION_NOT_KEPT: row(400, 'warn')`
    You signed in, but your browser did not keep the session.
    Allow cookies for this site and try again. Operators: see “Signing in over and over” in docs/sessions.md.`,

  STAGEDOOR_EVENTS_UNAUTHENTICATED: row(401, 'warn')`
    Events are accepted from Auth0 only.
    Operators: give the event stream in Auth0 one of the tokens in auth0.events.webhook.tokens.`,
  STAGEDOOR_EVENTS_FOREIGN: row(403, 'warn')`
    This event comes from another tenant or stream than the expected one.
    Operators: compare auth0.events.webhook.tenant and .stream with the event stream in Auth0; the log line has the values that arrived.`,
  STAGEDOOR_EVENTS_MALFORMED: row(400, 'warn')`
    This is not an event in the form that Auth0 sends.
    Send one CloudEvent with id, type, time and data as JSON.`,

  STAGEDOOR_POLICY_UNAUTHENTICATED: row(401, 'info')`
    You have to sign in for this.
    Sign in, then try again.`,
  STAGEDOOR_POLICY_FORM_NOT_SENT: row(401, 'info')`
    Your session is over, and your input was not sent.
    Sign in, then send it again. The back button of your browser may restore your input.`,
  STAGEDOOR_POLICY_DENIED: row(403, 'info')`
    You are signed in, but you may not do this.
    Ask the owners of the portal for access.`,
  STAGEDOOR_POLICY_STEP_UP_REQUIRED: row(401, 'info')`
    You have to confirm with a second factor for this.
    Sign in again with your second factor, then try again.`,
  STAGEDOOR_POLICY_BAD_QUESTION: row(400, 'info')`
    This question about the rules cannot be answered.
    Give a path that begins with a slash, a method in capitals, and claims as a JSON object.`,

  STAGEDOOR_PROXY_UNREACHABLE: row(502, 'error')`
    The service behind the portal cannot be reached.
    Try again in a moment. Operators: check that the upstream runs, and that upstreams.<name>.url is correct.`,
  STAGEDOOR_PROXY_BAD_RESPONSE: row(502, 'error')`
    The service behind the portal sent an invalid answer.
    Try again. Operators: the log line with this request id names the cause.`,
  STAGEDOOR_PROXY_ANSWER_HEADERS_TOO_LARGE: row(502, 'error')`
    The service behind the portal answered with more headers than Stagedoor reads.
    Try again without the cookies of this site. Operators: the log line with this request id names the limit; raise upstreams.<name>.maxHeaderBytes.`,
  STAGEDOOR_PROXY_OVERLOADED: row(503, 'warn')`
    The service behind the portal has more requests than it can serve.
    Try again in a moment. Operators: see maxConnections, maxStreams, maxQueued and maxWait of upstreams.<name>.`,
  STAGEDOOR_PROXY_TIMEOUT: row(504, 'error')`
    The service behind the portal took too long to answer.
    Try again. Operators: see upstreams.<name>.timeouts.`,
  STAGEDOOR_PROXY_ORIGIN_REFUSED: row(403, 'warn')`
    A page of another site tried to open a connection in your name.
    Open the connection from the portal itself.
    Operators: the log line names the page’s origin. Only pages of server.baseUrl may open WebSockets, regardless of session.otherOrigins.`,

  STAGEDOOR_IDENTITY_TWO_CREDENTIALS: row(400, 'info')`
    The request has both a session and an access token, which may belong to different callers.
    Send only one: the cookie of a browser, or the access token of a machine.`,
  STAGEDOOR_ACCOUNT_BAD_REQUEST: row(400, 'info')`
    That session is not among your other sessions.
    Open your account page again: the session may have ended already.`,
  STAGEDOOR_ADMIN_BAD_REQUEST: row(400, 'info')`
    The request to the admin API is not complete.
    See docs/console.md for the parameters of each request.`,
  STAGEDOOR_ADMIN_TRAIL_BUSY: row(503, 'info')`
    The audit trail is busy with another search.
    Try again in a moment, or use stagedoor audit search.`,
  STAGEDOOR_ADMIN_TRAIL_UNREADABLE: row(503, 'error')`
    The audit trail cannot be read.
    The detail names the file and the cause: make it readable for the user that runs stagedoor, or restore the file.
    Records are still written; readiness reports it when they are not.`,
  STAGEDOOR_ADMIN_KEYS_NOT_KEPT: row(503, 'error')`
    The next key could not be stored, so the current key stays in use.
    The log names the cause, for example a full disk or unreachable Redis. Fix the cause, then try again.`,
  STAGEDOOR_ADMIN_KEYS_IN_USE: row(409, 'info')`
    A rotation would drop the previous key, and tokens that it signed are still valid.
    Try again after the time that the detail names. If a key has leaked, send dropPrevious: true (stagedoor keys rotate --drop-previous).`,
  STAGEDOOR_ASSERTION_UNAVAILABLE: row(503, 'error')`
    Your identity could not be signed for the service behind the portal.
    Try again in a moment. Operators: check assertion.keys.`,
  STAGEDOOR_AUDIT_UNAVAILABLE: row(503, 'error')`
    This action requires an audit record, which cannot be written right now.
    The action was not carried out. Try again in a moment. Operators: readiness names the sink of audit.sinks that fails.`,
  STAGEDOOR_INTERNAL: row(500, 'error')`
    Something went wrong inside Stagedoor.
    Try again. If the error persists, send the request id to the owners of the portal.`,
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof errorTable
