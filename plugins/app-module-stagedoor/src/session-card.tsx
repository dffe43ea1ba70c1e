import { InfoCard, StructuredMetadataTable } from '@backstage/core-components'
import { identityApiRef, useApi } from '@backstage/frontend-plugin-api'
import { Button } from '@material-ui/core'
import { useEffect, useState } from 'react'

import { stagedoorSessionApiRef } from './apis.ts'
import type { Me } from './me.ts'
import { useNotice } from './use-notice.ts'

/** Settings card: who is signed in, with which roles and groups, and until when. @public */
export function StagedoorSessionCard() {
  const guard = useApi(stagedoorSessionApiRef)
  const identity = useApi(identityApiRef)
  const [me, setMe] = useState<Me | undefined>(guard.me)
  const notice = useNotice(guard)
  useEffect(() => {
    void guard.start().then(() => setMe(guard.me()))
  }, [guard, notice])

  const signOut = <Button onClick={() => void identity.signOut()}>Sign out</Button>
  return (
    <InfoCard title="Session" actions={signOut}>
      {me === undefined ? (
        'Stagedoor does not answer right now.'
      ) : (
        <StructuredMetadataTable metadata={rowsOf(me)} options={{ titleFormat: (title) => title }} dense />
      )}
    </InfoCard>
  )
}

function rowsOf({ name, email, sub, organization, roles, groups, signedInAt, expiresAt, endsAt }: Me) {
  return {
    Name: name,
    ...(email !== undefined && { 'E-mail': email }),
    'User ID': sub,
    ...(organization !== undefined && { Organization: organization }),
    Roles: roles.length > 0 ? [...roles] : 'none',
    Groups: groups.length > 0 ? [...groups] : 'none',
    ...(signedInAt !== undefined && { 'Signed in': dateOf(signedInAt) }),
    ...(expiresAt !== undefined && { 'Ends unless used': dateOf(expiresAt) }),
    ...(endsAt !== undefined && { 'Ends at the latest': dateOf(endsAt) }),
  }
}

function dateOf(time: number): string {
  return new Intl.DateTimeFormat(undefined, {
    dateStyle: 'medium',
    timeStyle: 'long',
  }).format(new Date(time))
}
