import { loginUrl, type Gateway } from './login-url.ts'
import { type MeAnswer, readMeAnswer } from './me.ts'
import { createSessionGuard, type SessionGuard } from './session-guard.ts'

/** The name under which Stagedoor's `signed-in` page and all tabs of the portal talk; same origin only, by its nature. */
const channelName = 'stagedoor'
const windowName = 'stagedoor-login'
const windowFeatures = 'popup,width=520,height=720'

/** The guard of this page, tied to the browser. */
export function createBrowserGuard(gateway: Gateway): SessionGuard {
  const channel = new BroadcastChannel(channelName)
  const tellOthers = channel.postMessage.bind(channel)
  const loginWindow = createLoginWindow()
  const guard = createSessionGuard({
    readMe: () => readMe(gateway),
    openLogin: (suggested) => loginWindow.open(loginUrl(gateway, `${gateway.prefix}/signed-in`, suggested)),
    leaveForLogin: (suggested) => window.location.assign(loginUrl(gateway, currentPath(), suggested)),
    leaveForLogout: () => postLogout(gateway),
    announce: (event) => tellOthers({ type: event }),
    now: Date.now,
    setTimer(task, delayMs) {
      const timer = setTimeout(task, delayMs)
      return () => clearTimeout(timer)
    },
  })
  channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    const event = eventIn(data)
    if (event === 'signed-in') loginWindow.close()
    if (event !== undefined) void guard.hear(event)
  })
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void guard.recheck()
  })
  onMissingPart(() => void guard.suspect())
  return guard
}

/** Bundles load parts of the page when they are needed: Webpack and Rspack by elements, Vite by `import()`. */
function onMissingPart(listener: () => void): void {
  window.addEventListener('vite:preloadError', listener)
  const isPart = (target: unknown) => target instanceof HTMLScriptElement || target instanceof HTMLLinkElement
  // Errors of elements do not bubble; only capturing listeners of the window hear them.
  window.addEventListener('error', ({ target }) => isPart(target) && listener(), true)
}

function createLoginWindow() {
  let opened: Window | null = null
  return {
    open(url: string): boolean {
      opened = window.open('about:blank', windowName, windowFeatures)
      if (opened === null) return false
      // The pages of the login service cannot reach back into this one.
      opened.opener = null
      opened.location.replace(url)
      opened.focus()
      return true
    },
    close: () => opened?.close(),
  }
}

async function readMe({ origin, prefix }: Gateway): Promise<MeAnswer> {
  try {
    const headers = { accept: 'application/json', 'x-requested-with': 'XMLHttpRequest' }
    const response = await fetch(`${origin}${prefix}/me`, { headers, cache: 'no-store', redirect: 'error' })
    return await readMeAnswer(response, Date.now())
  } catch {
    return { kind: 'unknown' }
  }
}

/** Logout changes state, so Stagedoor takes it only as a form sent by a page of its own origin. */
function postLogout({ origin, prefix }: Gateway): void {
  const action = `${origin}${prefix}/logout`
  // A content security policy with `form-action` may stop the form on its way to Auth0: then Stagedoor's page asks.
  document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
    if (effectiveDirective === 'form-action') window.location.assign(action)
  })
  const form = document.createElement('form')
  form.method = 'post'
  form.action = action
  document.body.append(form)
  form.submit()
}

function currentPath(): string {
  const { pathname, search, hash } = window.location
  return pathname + search + hash
}

function eventIn(data: unknown): 'signed-in' | 'signed-out' | undefined {
  const type = typeof data === 'object' && data !== null && 'type' in data ? data.type : undefined
  return type === 'signed-in' || type === 'signed-out' ? type : undefined
}
