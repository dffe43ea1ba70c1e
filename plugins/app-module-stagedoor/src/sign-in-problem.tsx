import { Box, Button, Card, CardActions, CardContent, Typography } from '@material-ui/core'

import type { SessionGuard } from './session-guard.ts'

/** Why Backstage did not let the person in, and what they can do about it. */
export function SignInProblem({ error, guard }: { error: unknown; guard: SessionGuard }) {
  const isUnknownUser = statusOf(error) === 403
  return (
    <Box display="flex" justifyContent="center" alignItems="center" minHeight="100vh" p={3}>
      <Card style={{ maxWidth: '36rem' }} data-testid="stagedoor-sign-in-problem">
        <CardContent>
          <Typography variant="h5" component="h1" gutterBottom>
            {isUnknownUser ? 'Backstage does not know you yet' : 'Backstage could not sign you in'}
          </Typography>
          <Typography role="alert" style={{ overflowWrap: 'anywhere' }}>
            {messageOf(error)}
          </Typography>
        </CardContent>
        <CardActions style={{ padding: '8px 16px 16px' }}>
          <Button variant="contained" color="primary" onClick={() => window.location.reload()}>
            Try again
          </Button>
          <Button onClick={() => void guard.signOut()}>Sign out</Button>
        </CardActions>
      </Card>
    </Box>
  )
}

function statusOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined
}

/** Backstage's own words, which its `ResponseError` holds as cause. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message
}
