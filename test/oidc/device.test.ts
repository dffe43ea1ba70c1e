import t from 'tap'

import { deviceOf } from '../../src/oidc/device.ts'

const rows: [userAgent: string | undefined, device: string][] = [
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux'],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    'Chrome on Windows',
  ],
  ['curl/8.5.0', 'Unknown browser'],
  [`${'a'.repeat(512)} Firefox/140.0`, 'Unknown browser'],

  ['', 'Unknown device'],
  [undefined, 'Unknown device'],
]

t.test('the name of a browser is readable for its owner', async (t) => {
  for (const [userAgent, device] of rows) t.equal(deviceOf(userAgent), device)
  t.ok(deviceOf(`${'x'.repeat(500)}/1.0`).length <= 60)
})
