type Refusal = [expected: string, fix: string]

const shape = 'redis://user:password@host:port/number, or rediss:// for TLS'
const encode =
  'percent-encode / # ? @ and % in user and password (%2F %23 %3F %40 %25), or write the password as session.redis.password'

/**
 * Names the fault in the URL of a Redis server without showing the URL, which may hold a password.
 * In a password that is not encoded, `/`, `#` and `?` end the host, and half of the password would be taken for one.
 */
export function refusalOfRedisUrl(text: string): Refusal | undefined {
  if (!/^rediss?:\/\//.test(text)) return [shape, 'write for example redis://redis:6379']
  const url = URL.parse(text)
  if (url === null || url.hostname === '' || /\s/.test(text)) return [shape, encode]
  if (text.split('@').length > 2 || text.includes('#') || !isEncoded(url)) return [shape, encode]
  if (url.pathname.includes('@') || url.search.includes('@')) return [shape, encode]
  if (url.search !== '')
    return ['no query', 'remove all from the question mark on; options stand beside url in session.redis']
  if (!/^\/?\d{0,9}$/.test(url.pathname))
    return ['a database number behind the slash', 'write for example redis://redis:6379/2']
  return undefined
}

function isEncoded({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password)
    return true
  } catch {
    return false
  }
}
