/** What Auth0 said of a person, mapped to our names; the only claims a session keeps. */
export type UserClaims = {
  email?: string
  email_verified?: boolean
  name?: string
  preferred_username?: string
  picture?: string
  roles: readonly string[]
  groups: readonly string[]
  permissions: readonly string[]
  org_id?: string
  org_name?: string
  /** Claims that rules name, under their full names; only texts, numbers, truth values and lists of them. */
  custom?: Readonly<Record<string, unknown>>
}
