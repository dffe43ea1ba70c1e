const json = (description: string, schema: object = { type: 'object' }) => ({
  description,
  content: { 'application/json': { schema } },
})

const problem = {
  description: 'Problem details (RFC 9457) with `code` and `request_id`.',
  content: { 'application/problem+json': { schema: { type: 'object' } } },
}

const query = (name: string, description: string) => ({ name, in: 'query', description, schema: { type: 'string' } })

const operation = (summary: string, success: object, more: object = {}) => ({
  summary,
  ...more,
  responses: { 200: success, 400: problem, 401: problem, 403: problem },
})

const form = (properties: Record<string, string>) => ({
  requestBody: {
    content: {
      'application/json': {
        schema: {
          type: 'object',
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, description]) => [name, { type: 'string', description }]),
          ),
        },
      },
    },
  },
})

const explanation = json('The decision, the rules that were tried, and the same as text.')
const question = [query('path', 'Path to ask about.'), query('method', 'Method, default GET.'), query('host', 'Host.')]

const paths = {
  '/sessions': {
    get: operation(
      'Live sessions that were used since the gateway started',
      json('`since`, `total`, `offset` and up to 1,000 `sessions`, the latest used first.'),
      {
        parameters: [
          query('subject', 'Only of this user.'),
          query('session', 'Only this one.'),
          query('text', 'Only those whose person, organization, device or address has this text.'),
          query('offset', 'How many to leave out from the start; default 0.'),
        ],
      },
    ),
  },
  '/sessions/revoke': {
    post: operation(
      'Ends one session, all of a user, or all of one session at the login service',
      json('What was ended.'),
      form({
        session: 'Id of a session.',
        subject: 'User id at the login service.',
        sid: 'Session id at the login service.',
      }),
    ),
  },
  '/decisions': {
    get: operation('The last records of this process', json('`records`, as in docs/audit-record.schema.json.'), {
      parameters: [query('text', 'Part of a person, path or request id.'), query('outcome', '`allow` or `deny`.')],
    }),
  },
  '/audit': {
    get: operation(
      'Searches the trail in the file, and says whether it is whole',
      json('`records` (the last 200), `found`, `isWhole`, `verification` with its faults, `files`.'),
      {
        parameters: [
          query('person', 'Subject, client or session, or a part of the name.'),
          query('event', '`login`, `admin-action`, `decision`, …'),
          query('class', 'Class of an admin action.'),
          query('outcome', '`allow` or `deny`.'),
          query('since', 'A moment (RFC 3339), a date, or how long ago (`24h`).'),
          query('until', 'The same; a date includes its day.'),
        ],
      },
    ),
  },
  '/conditions': { get: operation('Health of everything the gateway depends on', json('`conditions`.')) },
  '/configuration': {
    get: operation(
      'The configuration in force, secrets left out',
      json(
        '`configuration`, and `options` with the origin of each value: file and line, variable, secret file, default.',
      ),
    ),
  },
  '/policy/explain': {
    get: operation('How the rules decide for the caller', explanation, { parameters: question }),
    post: operation('How the rules decide for anybody', explanation, {
      ...form({ path: 'Path.', method: 'Method.', host: 'Host.', claims: 'Claims of the caller, as an object.' }),
    }),
  },
  '/keys': { get: operation('Signing keys of assertions and machine tokens', json('Public facts of each key.')) },
  '/keys/rotate': {
    post: operation(
      'Has the next signing key sign',
      json('The keys now.'),
      form({
        purpose: '`assertion` or `machine`.',
        dropPrevious: '`true`: also while tokens that the previous key signed are valid.',
      }),
    ),
  },
  '/openapi.json': { get: operation('This document', json('OpenAPI 3.1.')) },
}

/**
 * The admin API as an OpenAPI 3.1 document. The same URLs answer a browser with the pages of the console.
 * @param server the base URL of the API, such as `https://portal.example.com/.stagedoor/admin`
 */
export function openApiDocument(server: string): object {
  return {
    openapi: '3.1.0',
    info: { title: 'Stagedoor admin API', version: '1', description: 'For callers that meet `admin.allow`.' },
    servers: [{ url: server }],
    security: [{ session: [] }, { machine: [] }],
    components: {
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: '__Host-stagedoor' },
        machine: { type: 'http', scheme: 'bearer', description: 'An Auth0 access token for `machines.audiences`.' },
      },
    },
    paths,
  }
}
