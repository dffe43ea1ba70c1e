import { row } from '../row.ts'

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
