import { provisionKeySet } from '../../assembly/machines.ts'
import { claimNamesOf } from '../../assembly/policy.ts'
import { acceptedAudiences, machineExpectations } from '../../bearer/accepted-audiences.ts'
import { accessTokenOf } from '../../bearer/access-token.ts'
import { parseCompact, type CompactToken } from '../../bearer/compact.ts'
import { bearerReasons, type BearerReason } from '../../bearer/refusal-reasons.ts'
import { verifySignature } from '../../bearer/signature.ts'
import { checks, type Expectations } from '../../bearer/token-checks.ts'
import { loadConfig } from '../../config/load.ts'
import type { OnUnusable } from '../../oidc/claim-values.ts'
import type { JwksCache } from '../../oidc/jwks-cache.ts'
import { type ClaimNames, mapUserClaims } from '../../oidc/map-user-claims.ts'
import { type CommandContext, fetchFor } from '../command-context.ts'
import { Command } from '../command.ts'
import { configOption } from '../config-files.ts'
import { CommandFailed, runAction } from '../run-action.ts'
import { printable } from '../terminal-text.ts'

type VerifyOptions = { config: string[]; json?: true }

/** `stagedoor token verify`: prints every check with ✓ or ✗ and the fix. Exit code 1 when the gateway would refuse the token. */
export function verifyCommand(context: CommandContext): Command {
  return new Command('verify')
    .description(
      'check a token as the gateway would; only the issuer’s keys are fetched, and the token stays on this machine',
    )
    .argument('[token]', 'the token; if it is missing or -, the command reads standard input')
    .addOption(configOption())
    .option('--json', 'the checks as JSON, for scripts')
    .action((given: string | undefined, options: VerifyOptions) =>
      runAction(context, () => verify(given, options, context)),
    )
}

/**
 * The token from the argument or from standard input. Removes `Bearer ` and a line break, which are often copied along.
 * @throws CommandFailed when there is no token
 */
export async function tokenFrom(given: string | undefined, readInput: () => Promise<string>): Promise<string> {
  const text = given === undefined || given === '-' ? await readInput() : given
  const token = text.trim().replace(/^(?:authorization:\s*)?bearer\s+/i, '')
  if (token === '') throw new CommandFailed('No token: give it as an argument, or on standard input')
  return token
}

async function verify(given: string | undefined, { config: files, json }: VerifyOptions, context: CommandContext) {
  const { env, out, err, readInput, now } = context
  const { config } = await loadConfig({ files, env })
  const token = await tokenFrom(given, readInput)
  const issuers = acceptedAudiences(config)
  if (issuers.size === 0) err('machines.audiences is empty, so every token is refused: add the API’s identifier.\n')
  const expected = { ...machineExpectations(config), now: now() }
  const fetch = (await fetchFor(config, context)) as never
  const keysOf = (issuer: string) =>
    provisionKeySet(config, { fetch, now, onFailure: (cause) => err(`${explain(cause)}\n`) }, issuer)
  const findings = await diagnose(token, expected, keysOf)
  const accepted = findings.every(({ fault }) => fault === undefined)
  const checked = findings.map(({ name, fault }) => ({ check: name, ok: fault === undefined, reason: fault }))
  if (json) out(`${JSON.stringify({ accepted, checks: checked })}\n`)
  else out(report(findings, issuers) + unusableIn(token, claimNamesOf(config)))
  return accepted ? 0 : 1
}

function report(findings: readonly Finding[], issuers: ReadonlyMap<string, readonly string[]>): string {
  const lines = findings.flatMap(({ name, fault }) => {
    if (fault === undefined) return [`✓ ${name}`]
    if (fault === 'unavailable') return [`✗ ${name}`, '    The issuer’s keys cannot be fetched.']
    const { cause, remedy } = bearerReasons[fault]
    return [`✗ ${name} (${fault})`, `    ${cause}`, `    ${remedy}`, ...accepted(fault, issuers)]
  })
  return `${lines.join('\n')}\n`
}

/** The claims that the gateway would leave out, for tokens of users and of machines. */
function unusableIn(token: string, names: ClaimNames): string {
  const parsed = parseCompact(token)
  if (typeof parsed === 'string') return ''
  const lines = new Set<string>()
  const onUnusable: OnUnusable = ({ claim, expected, found }) =>
    void lines.add(`! ${printable(claim)} cannot be used: it is ${found}, but ${expected} is expected\n`)
  mapUserClaims(parsed.claims, { ...names, onUnusable })
  accessTokenOf(parsed.claims, onUnusable)
  return [...lines].join('')
}

/** The accepted values, for faults of issuer or audience. */
function accepted(fault: string, issuers: ReadonlyMap<string, readonly string[]>): string[] {
  if (fault.startsWith('issuer-')) return [`    Accepted: ${[...issuers.keys()].join(', ') || 'nobody'}`]
  return fault.startsWith('audience-') ? [`    Accepted: ${[...new Set([...issuers.values()].flat())].join(', ')}`] : []
}

function explain(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

/** One check and its result; `unavailable` when the issuer's keys could not be fetched. */
type Finding = { name: string; fault: BearerReason | 'unavailable' | undefined }

/** Makes every check, even after a failure, so that all faults of a token are shown at once. */
async function diagnose(
  token: string,
  expected: Expectations,
  keysOf: (issuer: string) => Promise<JwksCache | undefined>,
): Promise<Finding[]> {
  const parsed = parseCompact(token)
  if (typeof parsed === 'string') return [{ name: 'is a signed token (JWS)', fault: parsed }]
  const findings: Finding[] = checks.map(({ name, fault }) => ({ name, fault: fault(parsed, expected) }))
  return [
    { name: 'is a signed token (JWS)', fault: undefined },
    ...findings,
    await signatureFinding(parsed, expected, keysOf),
  ]
}

async function signatureFinding(
  token: CompactToken,
  { issuers }: Expectations,
  keysOf: (issuer: string) => Promise<JwksCache | undefined>,
): Promise<Finding> {
  const name = 'signature is the issuer’s'
  const issuer = String(token.claims['iss'])
  // Fetches keys only from configured issuers, never from any other issuer that a token names.
  const keys = issuers.has(issuer) ? await keysOf(issuer) : undefined
  if (keys === undefined) return { name, fault: 'issuer-unknown' }
  const result = await verifySignature(token, keys)
  return { name, fault: 'key' in result ? undefined : result.fault }
}
