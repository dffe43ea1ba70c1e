/**
 * Post-login Action for the tenant: puts roles and groups on both tokens under Stagedoor's claim names, and asks
 * for the second factor when the application asked for it.
 *
 * The names must be namespaced: Auth0 drops `roles` and `groups` silently. `acr_values` alone does nothing at
 * Auth0 either; this Action is what makes it ask.
 */
const namespace = 'https://stagedoor.example.com/'
const multiFactor = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor'

exports.onExecutePostLogin = async (event, api) => {
  const roles = event.authorization?.roles ?? []
  const groups = event.user.app_metadata?.groups ?? []
  for (const token of [api.idToken, api.accessToken]) {
    token.setCustomClaim(`${namespace}roles`, roles)
    token.setCustomClaim(`${namespace}groups`, groups)
  }
  // The values are those of the original request. In a refresh nobody is there to confirm, and Auth0 would refuse it.
  const isRefresh = event.transaction?.protocol === 'oauth2-refresh-token'
  if (!isRefresh && event.transaction?.acr_values?.includes(multiFactor)) {
    // Without this, a remembered browser would pass a step-up without showing the second factor.
    api.multifactor.enable('any', { allowRememberBrowser: false })
  }
}
