/** Scopes of the Management API that the stand-in knows. */
export const managementScopes = [
  'read:users',
  'read:roles',
  'read:role_members',
  'read:organizations',
  'read:organization_members',
  'read:organization_member_roles',
  'read:groups',
  'read:group_members',
  'read:clients',
  'read:client_keys',
  'update:clients',
  'update:client_keys',
  'read:client_credentials',
  'create:client_credentials',
  'delete:client_credentials',
  'read:events',
]
