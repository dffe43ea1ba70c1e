import { Button, Snackbar } from '@material-ui/core'

type NoticeBarProps = { text: string; onSignIn: () => void; onClose?: () => void }

/** A bar at the lower edge that leaves the page usable. */
export function NoticeBar({ text, onSignIn, onClose }: NoticeBarProps) {
  const actions = (
    <>
      <Button color="inherit" size="small" onClick={onSignIn}>
        Sign in again
      </Button>
      {onClose && (
        <Button color="inherit" size="small" onClick={onClose}>
          Later
        </Button>
      )}
    </>
  )
  return <Snackbar open message={text} action={actions} data-testid="stagedoor-notice-bar" />
}
