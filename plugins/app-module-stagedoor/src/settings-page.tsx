import { Content } from '@backstage/core-components'

import { StagedoorSessionCard } from './session-card.tsx'

export function SettingsPage() {
  return (
    <Content>
      <StagedoorSessionCard />
    </Content>
  )
}
