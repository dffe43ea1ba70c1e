/** Why a rotation, or one step of it, cannot be done, in words for a person. Never names a secret. */
export class RotationFailed extends Error {}
