import { useEffect, useState } from 'react'

import type { Notice } from './notice.ts'
import type { SessionGuard } from './session-guard.ts'

/** The notice that is shown now, as React state. */
export function useNotice({ current, subscribe }: SessionGuard): Notice | undefined {
  const [notice, setNotice] = useState(current)
  useEffect(() => {
    setNotice(current())
    return subscribe(() => setNotice(current()))
  }, [current, subscribe])
  return notice
}
