import type { Me, MeAnswer } from './me.ts'

export type KnowledgeDependencies = {
  readMe: () => Promise<MeAnswer>
  now: () => number
  onSignedIn: (me: Me) => void
  onSignedOut: () => void
  /** The person was someone else before. */
  onOtherUser: (name: string) => Promise<never>
}

/** What this page knows of who is signed in at Stagedoor, and since when. */
export type Knowledge = {
  me: () => Me | undefined
  /** Asks Stagedoor. Calls at the same time share one request. */
  check: () => Promise<MeAnswer['kind']>
  /** The same by an answer that is younger than this call. */
  checkAnew: () => Promise<MeAnswer['kind']>
  /** Milliseconds since Stagedoor was asked. */
  age: () => number
}

export function createKnowledge(deps: KnowledgeDependencies): Knowledge {
  let known: Me | undefined
  let checking: Promise<MeAnswer['kind']> | undefined
  let checkedAt = 0

  function check(): Promise<MeAnswer['kind']> {
    checkedAt = deps.now()
    checking ??= deps
      .readMe()
      .then(learn)
      .finally(() => {
        checking = undefined
      })
    return checking
  }

  async function learn(answer: MeAnswer): Promise<MeAnswer['kind']> {
    if (answer.kind === 'signed-out') deps.onSignedOut()
    if (answer.kind !== 'signed-in') return answer.kind
    if (known !== undefined && known.sub !== answer.me.sub) return deps.onOtherUser(answer.me.name)
    known = answer.me
    deps.onSignedIn(known)
    return answer.kind
  }

  async function checkAnew(): Promise<MeAnswer['kind']> {
    await checking
    return check()
  }

  return { me: () => known, check, checkAnew, age: () => deps.now() - checkedAt }
}
