import { Dialog, DialogActions, DialogContent, DialogContentText, DialogTitle } from '@material-ui/core'
import type { ReactNode } from 'react'

type NoticeDialogProps = { title: string; children: ReactNode; action: ReactNode; later?: ReactNode }

/** A dialog that only its buttons close: a click beside it would throw away calls that wait. */
export function NoticeDialog({ title, children, action, later }: NoticeDialogProps) {
  return (
    <Dialog open maxWidth="xs" fullWidth aria-labelledby="stagedoor-notice" data-testid="stagedoor-notice">
      <DialogTitle id="stagedoor-notice">{title}</DialogTitle>
      <DialogContent>
        <DialogContentText>{children}</DialogContentText>
      </DialogContent>
      <DialogActions style={{ flexWrap: 'wrap', padding: '8px 24px 16px' }}>
        {later}
        {action}
      </DialogActions>
    </Dialog>
  )
}
