export { freePort } from '../../scripts/testing/ports.ts'
