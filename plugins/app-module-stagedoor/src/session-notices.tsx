import { useApi } from '@backstage/frontend-plugin-api'
import { Button } from '@material-ui/core'

import { stagedoorSessionApiRef } from './apis.ts'
import { NoticeBar } from './notice-bar.tsx'
import { NoticeDialog } from './notice-dialog.tsx'
import type { Notice } from './notice.ts'
import type { SessionGuard } from './session-guard.ts'
import { useNotice } from './use-notice.ts'

/**
 * Tells the person what happens to their session: one dialog or one bar at a time. Belongs once into each app.
 *
 * @public
 */
export function StagedoorSessionNotices() {
  const guard = useApi(stagedoorSessionApiRef)
  const notice = useNotice(guard)
  return notice === undefined ? null : <NoticeView notice={notice} guard={guard} />
}

type ViewProps<Kind extends Notice['kind']> = { notice: Extract<Notice, { kind: Kind }>; guard: SessionGuard }

const goOn = 'Sign in again to go on where you are: nothing that you typed is lost.'
const overText = { expired: goOn, 'signed-out': `You signed out in another tab. ${goOn}` }
const stepUpText = 'What you are about to do asks for a second factor. It is done as soon as you have confirmed.'

function NoticeView({ notice, guard }: { notice: Notice; guard: SessionGuard }) {
  if (notice.kind === 'ending') return <Ending notice={notice} guard={guard} />
  if (notice.kind === 'over') return <Over notice={notice} guard={guard} />
  if (notice.kind === 'step-up') return <StepUp notice={notice} guard={guard} />
  return <OtherUser name={notice.name} />
}

function Ending({ notice, guard }: ViewProps<'ending'>) {
  const text = `Your session ends at ${timeOfDay(notice.endsAt)}.`
  return <NoticeBar text={text} onSignIn={guard.signInAgain} onClose={guard.dismiss} />
}

function Over({ notice, guard }: ViewProps<'over'>) {
  if (notice.isDismissed) return <NoticeBar text="You are signed out." onSignIn={guard.signInAgain} />
  const later = <Later label="Not now" guard={guard} />
  return (
    <NoticeDialog title="Your session is over" later={later} action={actionOf(notice, guard)}>
      {notice.isPopupBlocked ? <PopupBlocked /> : overText[notice.cause]}
    </NoticeDialog>
  )
}

function StepUp({ notice, guard }: ViewProps<'step-up'>) {
  const later = <Later label="Cancel" guard={guard} />
  return (
    <NoticeDialog title="Confirm that it is you" later={later} action={actionOf(notice, guard)}>
      {notice.isPopupBlocked ? <PopupBlocked /> : stepUpText}
    </NoticeDialog>
  )
}

function OtherUser({ name }: { name: string }) {
  return (
    <NoticeDialog title={`You are signed in as ${name} now`} action={<Reload name={name} />}>
      This page was opened by someone else. It has to be loaded anew; what was typed here and not sent is lost.
    </NoticeDialog>
  )
}

function PopupBlocked() {
  return (
    <span role="alert">
      Your browser does not open the sign-in window. Allow pop-ups for this site and try again, or sign in on this page:
      then what you typed here is lost.
    </span>
  )
}

/** The window to sign in, or the page itself where the browser allows no window. */
function actionOf({ kind, isPopupBlocked }: Notice & { isPopupBlocked: boolean }, guard: SessionGuard) {
  const label = kind === 'step-up' ? 'Continue' : 'Sign in again'
  if (!isPopupBlocked) return <Action label={label} onClick={guard.signInAgain} />
  return (
    <>
      <Button onClick={guard.signInHere}>Sign in on this page</Button>
      <Action label="Try again" onClick={guard.signInAgain} />
    </>
  )
}

function Action({ label, onClick }: { label: string; onClick: () => void }) {
  // Material UI 4 cannot animate the focus of a button that has it from the start (React 18).
  return (
    // eslint-disable-next-line jsx-a11y/no-autofocus -- a dialog that opens takes the focus (WAI-ARIA Authoring Practices, Dialog Pattern)
    <Button variant="contained" color="primary" onClick={onClick} autoFocus disableFocusRipple>
      {label}
    </Button>
  )
}

function Later({ label, guard }: { label: string; guard: SessionGuard }) {
  return <Button onClick={guard.dismiss}>{label}</Button>
}

function Reload({ name }: { name: string }) {
  return <Action label={`Continue as ${name}`} onClick={() => window.location.reload()} />
}

function timeOfDay(time: number): string {
  return new Date(time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
}
