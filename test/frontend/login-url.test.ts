import t from 'tap'

import { loginUrl } from '../../plugins/app-module-stagedoor/src/login-url.ts'

const gateway = { origin: 'https://portal', prefix: '/.stagedoor' }
const login = 'https://portal/.stagedoor/login'
const back = 'return_to=%2F.stagedoor%2Fsigned-in'
const stepUp = '/.stagedoor/step-up?for=%2Fapi%2Fx&return_to=%2F'

t.test('login returns to the page’s own target, not to that of the 401', async (t) => {
  const table: [string, string | undefined, string][] = [
    ['nothing suggested', undefined, `${login}?${back}`],
    ['our login', `${login}?return_to=%2Fother&organization=org_1#x`, `${login}?${back}&organization=org_1`],
    ['another site', 'https://evil/.stagedoor/login?a=b', `${login}?${back}`],
    ['another page of ours', 'https://portal/.stagedoor/logout', `${login}?${back}`],
    ['a script', 'javascript:alert(1)', `${login}?${back}`],
    ['no address', 'https://', `${login}?${back}`],
  ]
  for (const [what, suggested, expected] of table) {
    t.equal(loginUrl(gateway, '/.stagedoor/signed-in', suggested), expected, what)
  }
})

t.test('a step-up keeps its purpose and returns to the page’s own target', async (t) => {
  const url = new URL(loginUrl(gateway, '/.stagedoor/signed-in', `${login}?return_to=${encodeURIComponent(stepUp)}`))
  t.equal(url.searchParams.get('return_to'), `/.stagedoor/step-up?for=%2Fapi%2Fx&${back}`)
})

t.test('a step-up URL of another site is refused', async (t) => {
  const foreign = encodeURIComponent(`https://evil${stepUp}`)
  t.equal(loginUrl(gateway, '/notes', `${login}?return_to=${foreign}`), `${login}?return_to=%2Fnotes`)
})
