import { createExtensionPoint } from '@backstage/backend-plugin-api'
import type { PermissionPolicy } from '@backstage/plugin-permission-node'

/** How other modules of the permission plugin join their policy with ours; Backstage itself takes one only. @public */
export type StagedoorPolicyExtensionPoint = {
  /** This policy decides where no rule of ours matches. */
  setNextPolicy: (policy: PermissionPolicy) => void
  /** Backstage gets what this function returns; it may ask our policy, which it is given. */
  wrapPolicy: (wrap: (ours: PermissionPolicy) => PermissionPolicy) => void
}

/** Joins another policy with ours, from a module of the permission plugin. @public */
export const stagedoorPolicyExtensionPoint = createExtensionPoint<StagedoorPolicyExtensionPoint>({
  id: 'permission.stagedoor-policy',
})
