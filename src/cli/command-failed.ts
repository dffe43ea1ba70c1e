/** Why a command cannot be carried out, in words for a person. Never names a secret. */
export class CommandFailed extends Error {}
