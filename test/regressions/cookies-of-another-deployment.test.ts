import t from 'tap'
import { request } from 'undici'

import { startStack } from '../support/stack.ts'

// The people and roles of one login service are not those of another.
t.test('a cookie of a deployment with the same secret and another login service opens no session', async (t) => {
  const [ours, other] = [await startStack(t), await startStack(t)]
  const { browser } = await other.signIn()
  const cookie = [...browser.cookiesOf(other.url)].map(([name, value]) => `${name}=${value}`).join('; ')
  const statusAt = async ({ directUrl, url }: { directUrl: string; url: string }): Promise<number> => {
    const { statusCode, body } = await request(`${directUrl}/`, { headers: { cookie, host: new URL(url).host } })
    await body.dump()
    return statusCode
  }
  t.equal(await statusAt(other), 200)
  t.equal(await statusAt(ours), 401)
})
