/**
 * Signs Stagedoor's assertions for tests of a Backstage backend.
 *
 * @packageDocumentation
 */
export { createStagedoorTestKit } from './kit.ts'
export type { StagedoorTestKit, StagedoorTestKitOptions, TestClaims, TestHeader } from './types.ts'
