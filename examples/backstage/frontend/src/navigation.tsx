import { Sidebar, SidebarDivider, SidebarItem, SidebarSpace } from '@backstage/core-components'
import { createFrontendModule, identityApiRef, useApi } from '@backstage/frontend-plugin-api'
import { NavContentBlueprint, type NavContentComponentProps } from '@backstage/plugin-app-react'
import ExitIcon from '@material-ui/icons/ExitToApp'
import PersonIcon from '@material-ui/icons/Person'
import { useEffect, useState } from 'react'

const settingsPath = '/settings'

/** The sidebar: every page, who is signed in, and the way out. */
function Navigation({ navItems }: NavContentComponentProps) {
  const identity = useApi(identityApiRef)
  const displayName = useDisplayName()
  // The person's own entry leads to the settings; two entries for one page would light up together.
  const pages = navItems.rest().filter(({ href }) => href !== settingsPath)
  return (
    <Sidebar>
      {pages.map((item) => (
        <SidebarItem key={item.node.spec.id} to={item.href} icon={() => item.icon} text={item.title} />
      ))}
      <SidebarSpace />
      <SidebarDivider />
      <SidebarItem to={settingsPath} icon={PersonIcon} text={displayName ?? '…'} data-testid="signed-in-user" />
      <SidebarItem icon={ExitIcon} text="Sign out" onClick={() => void identity.signOut()} />
    </Sidebar>
  )
}

function useDisplayName(): string | undefined {
  const identity = useApi(identityApiRef)
  const [displayName, setDisplayName] = useState<string>()
  useEffect(() => {
    void identity.getProfileInfo().then((profile) => setDisplayName(profile.displayName))
  }, [identity])
  return displayName
}

export const navigation = createFrontendModule({
  pluginId: 'app',
  extensions: [NavContentBlueprint.make({ params: { component: Navigation } })],
})
