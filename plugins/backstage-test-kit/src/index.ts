/** Signs Stagedoor's assertions for tests of a Backstage backend. */
export { createStagedoorTestKit } from './kit.ts'
export type { StagedoorTestKit, StagedoorTestKitOptions, TestClaims, TestHeader } from './types.ts'
