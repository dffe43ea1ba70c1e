import { type ErrorRow, errorTable } from '../../src/errors/error-table.ts'

const stages = ['BOUNDARY', 'SESSION', 'OIDC', 'BEARER', 'IDENTITY', 'POLICY', 'ASSERTION', 'PROXY']

/** `docs/errors.md`: every error that a client can meet, by stage, from the error table. */
export function errorsPage(): string {
  const rows = Object.entries<ErrorRow>(errorTable)
  const known = stages.map((stage) => [stage, rows.filter(([code]) => stageOf(code) === stage)] as const)
  const others = rows.filter(([code]) => !stages.includes(stageOf(code)))
  return [intro, ...[...known, ['OTHERS', others] as const].filter(([, list]) => list.length > 0).map(section)].join(
    '\n',
  )
}

const intro = `<!-- Generated from src/errors/error-table.ts by \`npm run generate\`. -->
# Errors

Every answer that Stagedoor gives in place of the upstream has a code and a request id; the same id is in the log line that names the
cause, and in the upstream's \`X-Request-Id\`. Programs get RFC 9457 problem JSON (\`code\`, \`request_id\`, \`reason\` where there is one,
\`login_url\` on a 401), people get a page. \`level\` is that of the log line: \`error\` is for operators to mend.
`

function section([stage, rows]: readonly [string, [string, ErrorRow][]]): string {
  const title = stage.charAt(0) + stage.slice(1).toLowerCase()
  const body = rows.map(([code, { status, level, sentence, remedy }]) =>
    [`### ${code}`, '', `${status} · \`${level}\` · ${sentence}`, '', remedy, ''].join('\n'),
  )
  return [`## ${title}`, '', ...body].join('\n')
}

function stageOf(code: string): string {
  return code.split('_')[1] ?? ''
}
