import type { MachinePrincipal } from '../identity/principal.ts'

/** One entry of `machines.classes`. */
type MachineClass = {
  audience: string
  scopes?: readonly string[] | undefined
  permissions?: readonly string[] | undefined
}

/** The class of a machine decides its audience: the first class it belongs to. Backstage restricts each audience by itself. */
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
