/**
 * What Stagedoor and its Backstage plugins agree on. Both sides import this and nothing else of each other, so that a
 * changed name is a type error on both sides and not a failed login.
 *
 * @packageDocumentation
 */
export * from './assertion.ts'
export * from './entity-name.ts'
export * from './identity.ts'
export * from './machine.ts'
export * from './ownership.ts'
