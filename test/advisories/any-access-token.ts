import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { machinesIn } from '../support/machine.ts'
import { startStack } from '../support/stack.ts'

for (const machines of [undefined, machinesIn])
  t.test(
    `an unverified token is no login, ${machines ? 'with machines in the configuration' : 'without machines in the configuration'}`,
    async (t) => {
      const stack = await startStack(t, { config: { ...(machines && { machines }) } })
      const tries: [path: string, headers: Record<string, string>][] = [
        ['/', { authorization: 'Bearer anything' }],
        ['/', { authorization: 'Bearer ' }],
        ['/', { authorization: 'Basic amFuZTpqYW5l' }],
        ['/?token=anything', {}],
        ['/?access_token=anything', {}],
        ['/', { cookie: 'BearerToken=anything; OauthHMAC=x; OauthExpires=99999999999' }],
        ['/', { cookie: 'stagedoor=anything' }],
      ]
      for (const [path, headers] of tries) {
        const { status } = await createBrowser().fetch(stack.url + path, { headers })
        t.equal(status, 401, `CVE-2022-29226: ${JSON.stringify([path, headers])}`)
      }
      t.equal(stack.origin.seen.length, 0)
    },
  )
