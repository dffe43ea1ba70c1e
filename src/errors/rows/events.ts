import { row } from '../row.ts'

export const eventsErrors = {
  STAGEDOOR_EVENTS_UNAUTHENTICATED: row(
    401,
    'warn',
    'Events are accepted from Auth0 only.',
    'Operators: give the event stream in Auth0 one of the tokens in auth0.events.webhook.tokens.',
  ),
  STAGEDOOR_EVENTS_FOREIGN: row(
    403,
    'warn',
    'This event is of another tenant or stream than the one that is expected here.',
    'Operators: compare auth0.events.webhook.tenant and .stream with the event stream in Auth0; the log line says what came.',
  ),
  STAGEDOOR_EVENTS_MALFORMED: row(
    400,
    'warn',
    'This is not an event as Auth0 sends them.',
    'Send one CloudEvent with id, type, time and data as JSON.',
  ),
}
