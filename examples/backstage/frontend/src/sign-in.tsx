import { ProxiedSignInPage } from '@backstage/core-components'
import { createFrontendModule } from '@backstage/frontend-plugin-api'
import { SignInPageBlueprint, type SignInPageProps } from '@backstage/plugin-app-react'

/** The browser is signed in at Stagedoor already: Backstage only asks its backend who that is. */
function StagedoorSignIn(props: SignInPageProps) {
  return <ProxiedSignInPage {...props} provider="stagedoor" />
}

const signInPage = SignInPageBlueprint.make({ params: { loader: async () => StagedoorSignIn } })

export const stagedoorSignIn = createFrontendModule({ pluginId: 'app', extensions: [signInPage] })
