const mask = '[redacted]'

/** In JSON, a secret may follow an escape such as `\n` or `\u001b`, whose last letter is not part of the secret. */
const afterEscape = String.raw`(?<=\\(?:[bfnrt]|u[\da-f]{4}))`
/** A label of a domain: letters and digits of any script (RFC 5890 §2.3.2.1), in a path percent-encoded as UTF-8. */
const domainLabel = String.raw`(?:[a-z\d\u00a1-\uffff-]|%[89a-f][\da-f])+`
const wordStart = String.raw`(?:\b|${afterEscape})`

// One pass over the finished line masks every secret, whichever object, message or stack it came from. Clients control parts of
// the line. So a repetition may start only at the start of its run of characters; otherwise the time grows with the square of
// the line's length.
const secrets = new RegExp(
  [
    // JWS, JWE and other dotted base64url (RFC 7515 §7.1, RFC 7516 §7.1)
    String.raw`(?=eyJ)(?:(?<![\w-])|${afterEscape})eyJ[\w-]{6,}(?:\.[\w-]*){2,4}`,
    // our cookies, whatever they hold
    String.raw`(?<=(?:__Host-)?stagedoor(?:-tx\.[\w-]+|\.\d)?=)[^\s;"\\,]+`,
    // form and query fields that carry secrets
    String.raw`(?<=${wordStart}(?:code|state|nonce|code_verifier|client_secret|client_assertion|refresh_token|access_token|id_token|id_token_hint|logout_token|token|password|invitation|login_hint)=)[^&\s"'\\#]+`,
    // members of JSON that carry secrets
    String.raw`(?<="(?:authorization|cookie|set-cookie|state|nonce|code_?verifier|client_?secrets?|refresh_?token|access_?token|id_?token|password|secrets?)":")(?:[^"\\]|\\.)+`,
    // an authorization code, but not an error code, which is written in capitals
    String.raw`(?<="code":")(?!(?-i:[A-Z][A-Z0-9_]*)")(?:[^"\\]|\\.)+`,
    // Authorization in a message
    String.raw`(?<=${wordStart}(?:Bearer|Basic) )[\w.~+/=-]{6,}`,
    // e-mail addresses; a letter behind an odd number of backslashes is one of an escape
    String.raw`(?=[\w.%+\u00a1-\uffff-])(?:(?<![\w.%+\\\u00a1-\uffff-])|${afterEscape}|(?<=(?<!\\)(?:\\\\)+))[\w.%+\u00a1-\uffff-]+@${domainLabel}(?:\.${domainLabel})+`,
  ].join('|'),
  'gi',
)

/**
 * A quick test: a line with neither `=` nor one of these texts cannot match any pattern above. Most lines contain neither, and the
 * test costs a twentieth of the full search. The `@clients` of Auth0's machines is not an e-mail address.
 */
const traces = new RegExp(
  String.raw`"(?:authorization|cookie|set-cookie|state|nonce|code|code_?verifier|client_?secrets?|refresh_?token|access_?token|id_?token|password|secrets?)":"|(?:Bearer|Basic) |eyJ|@${domainLabel}\.`,
  'i',
)

function mayHoldSecret(line: string): boolean {
  return line.includes('=') || traces.test(line)
}

/** Masks cookies, tokens, codes, state, passwords and e-mail addresses in log lines, and in hosts and paths of audit records. */
export function redact(line: string): string {
  return mayHoldSecret(line) ? line.replace(secrets, mask) : line
}
