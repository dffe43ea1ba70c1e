import type { MachinePrincipal } from '../identity/principal.ts'

/** One entry of `machines.classes`. */
type MachineClass = {
  audience: string
  scopes?: readonly string[] | undefined
  permissions?: readonly string[] | undefined
}

/** The audience of the first class that the machine belongs to. Backstage can restrict the access of each audience separately. */
export function audienceOfClass(
  { scopes, permissions }: Pick<MachinePrincipal, 'scopes' | 'permissions'>,
  classes: readonly MachineClass[],
  otherwise: string,
): string {
  const fits = (one: MachineClass): boolean =>
    (one.scopes ?? []).some((scope) => scopes.includes(scope)) ||
    (one.permissions ?? []).some((permission) => permissions.includes(permission))
  return classes.find(fits)?.audience ?? otherwise
}
