import t from 'tap'

import { allowsSharing, isForAsset } from '../../src/headers/shared-caches.ts'

t.test('header fields show whether shared caches may store an answer', async (t) => {
  const rows: [fields: Record<string, string>, isShared: boolean][] = [
    [{}, false],
    [{ 'cache-control': 'no-cache' }, false],
    [{ 'cache-control': 'max-age=0, must-revalidate' }, false],
    [{ 'cache-control': 'private, max-age=600' }, false],
    [{ 'cache-control': 'no-store' }, false],
    [{ 'cache-control': 'Public, max-age=31536000, immutable' }, true],
    [{ 'cache-control': 'max-age=60' }, true],
    [{ 'cache-control': 's-maxage = 60' }, true],
    [{ 'cache-control': 'private', 'x-accel-expires': '60' }, true],
    [{ 'cdn-cache-control': 'max-age=60' }, true],
    [{ 'surrogate-control': 'max-age=60' }, true],
    [{ expires: 'Fri, 01 Jan 2100 00:00:00 GMT' }, true],
    [{ expires: '0' }, false],
    [{ expires: 'Fri, 01 Jan 2100 00:00:00 GMT', date: 'Thu, 01 Jan 2026 00:00:00 GMT' }, true],
    [{ expires: 'Mon, 26 Jul 1997 05:00:00 GMT', date: 'Thu, 01 Jan 2026 00:00:00 GMT' }, false],
    [{ expires: 'Fri, 01 Jan 2100 00:00:00 GMT', 'cache-control': 'no-cache' }, false],
  ]
  for (const [fields, isShared] of rows) {
    t.equal(
      allowsSharing((name) => fields[name]),
      isShared,
      JSON.stringify(fields),
    )
  }
})

t.test('public files are recognized by their use or their names', async (t) => {
  const rows: [method: string, path: string, destination: string | undefined, isAsset: boolean][] = [
    ['GET', '/x', 'script', true],
    ['HEAD', '/x', 'image', true],
    ['GET', '/static/app.1234.js', undefined, true],
    ['GET', '/a/b.WOFF2', 'empty', true],
    ['POST', '/static/app.js', 'script', false],
    ['GET', '/catalog', 'document', false],
    ['GET', '/api/catalog/entities', 'empty', false],
    ['GET', '/api/x.js/y', undefined, false],
  ]
  for (const [method, path, destination, isAsset] of rows) {
    t.equal(isForAsset({ method, path, destination }), isAsset, `${method} ${path} ${destination}`)
  }
})
