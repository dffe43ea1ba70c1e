import { row } from './row.ts'

export const boundaryErrors = {
  STAGEDOOR_BOUNDARY_MALFORMED_REQUEST: row(
    400,
    'info',
    'The request could not be read.',
    'Send a well-formed HTTP/1.1 request. If a proxy stands in between, check that it does not rewrite requests.',
  ),
  STAGEDOOR_BOUNDARY_METHOD_NOT_ALLOWED: row(
    405,
    'info',
    'The portal does not accept this request method.',
    'Use one of the methods that the Allow header lists. TRACE and CONNECT are always refused.',
  ),
  STAGEDOOR_BOUNDARY_PATH_NOT_CANONICAL: row(
    400,
    'info',
    'The address is written in a way that different servers read differently.',
    'Use the plain spelling of the path: no dot segments, double slashes, backslashes, semicolons or needless percent-encoding.',
  ),
  STAGEDOOR_BOUNDARY_AMBIGUOUS_HEADERS: row(
    400,
    'info',
    'The request has headers that contradict each other, or none that names the host.',
    'Send Host exactly once, and each of Content-Length, Authorization and Content-Type at most once.',
  ),
  STAGEDOOR_BOUNDARY_BAD_HOST: row(
    400,
    'info',
    'The request names a host that is no host name or address.',
    'Send Host as a name or an address, with a port if need be. Operators: have proxies send one host in X-Forwarded-Host.',
  ),
  STAGEDOOR_BOUNDARY_LOOP: row(
    508,
    'error',
    'The request came back to Stagedoor, which had sent it on.',
    'Tell the owners of the portal. Operators: an upstream leads back here; point upstreams.<name>.url at Backstage itself.',
  ),
  STAGEDOOR_BOUNDARY_HEADERS_TOO_LARGE: row(
    431,
    'info',
    'The request headers are too large.',
    'Try again: this answer has cleared our cookies. If it stays so, clear all cookies of this site. Operators: raise server.maxHeaderBytes if your cookies are legitimately large.',
  ),
  STAGEDOOR_BOUNDARY_BODY_TOO_LARGE: row(
    413,
    'info',
    'The form sent to Stagedoor is too large.',
    'Go back and send the form again as the page offered it.',
  ),
  STAGEDOOR_BOUNDARY_UNSUPPORTED_MEDIA_TYPE: row(
    415,
    'info',
    'Stagedoor cannot read this kind of body, or its Content-Type.',
    'Send a well-formed Content-Type. Forms of Stagedoor itself are application/x-www-form-urlencoded.',
  ),
  STAGEDOOR_BOUNDARY_REQUEST_TIMEOUT: row(
    408,
    'info',
    'The request headers took too long to arrive.',
    'Try again; if it happens often, look at the network between the client and Stagedoor.',
  ),
  STAGEDOOR_BOUNDARY_OVERLOADED: row(
    503,
    'warn',
    'The portal has more requests at this moment than it can take.',
    'Try again in a moment. Operators: see server.overload, and the metric stagedoor_shed_total.',
  ),
  STAGEDOOR_BOUNDARY_NOT_FOUND: row(
    404,
    'info',
    'There is no such page here.',
    'Check the address, or start again from the portal’s front page.',
  ),
  STAGEDOOR_BOUNDARY_UNTRUSTED_PROXY: row(
    403,
    'warn',
    'Only a proxy that Stagedoor trusts may ask about the requests of others.',
    'Go to the portal’s front page. Operators: add the network of the proxy to server.trustedProxies.',
  ),
  STAGEDOOR_BOUNDARY_FORWARDED_REQUEST_UNCLEAR: row(
    403,
    'warn',
    'The proxy does not say clearly which request it asks about.',
    'Try again without unusual headers. Operators: have the proxy send method and URI in one way only, see docs/forward-auth.md.',
  ),
  STAGEDOOR_BOUNDARY_FORWARDED_PATH_NOT_CANONICAL: row(
    403,
    'info',
    'The address is written in a way that different servers read differently.',
    'Use the plain spelling of the path: no dot segments, double slashes, backslashes, semicolons or needless percent-encoding.',
  ),
}

export const sessionErrors = {
  STAGEDOOR_SESSION_STORE_UNAVAILABLE: row(
    503,
    'error',
    'Your session cannot be looked up right now. You are still signed in.',
    'Try again in a moment. Operators: check the session store (session.redis).',
  ),
  STAGEDOOR_SESSION_COOKIE_TOO_LARGE: row(
    500,
    'error',
    'Your session is too large for a cookie.',
    'Operators: set session.store to redis, or have the Auth0 Action send fewer groups.',
  ),
  STAGEDOOR_SESSION_REQUIRED: row(401, 'info', 'You are not signed in.', 'Sign in, then try again.'),
  STAGEDOOR_SESSION_CROSS_SITE: row(
    403,
    'warn',
    'This action has to be started from a page of this portal.',
    'Open the portal and try from there. Operators: session.otherOrigins says what other origins may do.',
  ),
}

export const bearerErrors = {
  STAGEDOOR_BEARER_REFUSED: row(
    401,
    'info',
    'The access token was not accepted.',
    'See the reason; `stagedoor token verify` explains what mends it.',
  ),
  STAGEDOOR_BEARER_KEYS_UNAVAILABLE: row(
    503,
    'error',
    'Access tokens cannot be verified right now.',
    'Keep the token and try again in a moment. Operators: the issuer’s keys cannot be fetched, see the readiness probe.',
  ),
  STAGEDOOR_BEARER_TOO_MANY_ATTEMPTS: row(
    429,
    'warn',
    'Too many access tokens were refused.',
    'Wait as long as Retry-After says. A good token is still taken.',
  ),
}

export const policyErrors = {
  STAGEDOOR_POLICY_UNAUTHENTICATED: row(401, 'info', 'You have to sign in for this.', 'Sign in, then try again.'),
  STAGEDOOR_POLICY_FORM_NOT_SENT: row(
    401,
    'info',
    'Your session is over, and what you typed was not sent.',
    'Sign in, then send it again. Your browser’s back button may still have what you typed.',
  ),
  STAGEDOOR_POLICY_DENIED: row(
    403,
    'info',
    'You are signed in, but you may not do this.',
    'Ask the owners of the portal for access.',
  ),
  STAGEDOOR_POLICY_STEP_UP_REQUIRED: row(
    401,
    'info',
    'You have to confirm with a second factor for this.',
    'Sign in again with your second factor, then try again.',
  ),
  STAGEDOOR_POLICY_BAD_QUESTION: row(
    400,
    'info',
    'This question about the rules cannot be answered.',
    'Give a path that begins with a slash, a method in capitals, and claims as a JSON object.',
  ),
}

export const proxyErrors = {
  STAGEDOOR_PROXY_UNREACHABLE: row(
    502,
    'error',
    'The service behind the portal cannot be reached.',
    'Try again in a moment. Operators: check that the upstream runs and that its url is right.',
  ),
  STAGEDOOR_PROXY_BAD_RESPONSE: row(
    502,
    'error',
    'The service behind the portal gave an answer that could not be read.',
    'Try again. Operators: the log line with this request id names the cause.',
  ),
  STAGEDOOR_PROXY_ANSWER_HEADERS_TOO_LARGE: row(
    502,
    'error',
    'The service behind the portal answered with more headers than Stagedoor reads.',
    'Try again without the cookies of this site. Operators: the log line with this request id names the limit; raise upstreams.<name>.maxHeaderBytes.',
  ),
  STAGEDOOR_PROXY_OVERLOADED: row(
    503,
    'warn',
    'The service behind the portal has more requests than it can take.',
    'Try again in a moment. Operators: see the upstream’s connection limits.',
  ),
  STAGEDOOR_PROXY_TIMEOUT: row(
    504,
    'error',
    'The service behind the portal took too long to answer.',
    'Try again. Operators: see the upstream’s timeouts.',
  ),
  STAGEDOOR_PROXY_ORIGIN_REFUSED: row(
    403,
    'warn',
    'A page of another site tried to open a connection in your name.',
    'Open the connection from the portal itself.',
  ),
}
