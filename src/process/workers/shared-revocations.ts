import type { Mark } from '../../revocation/mark.ts'
import type { Once } from '../../revocation/once.ts'
import type { SharedMarks } from '../../revocation/shared-marks.ts'
import type { Session } from '../../session/session.ts'
import type { Peers } from './peers.ts'

const marksTopic = 'marks'
const newsTopic = 'session-news'

/** Marks of what must end, known to all workers: written ones are in force everywhere when the promise resolves. */
export function sharedMarks(peers: Peers, onMark: (mark: Mark) => void): SharedMarks {
  peers.hear(marksTopic, (value) => onMark(value as Mark))
  return {
    async write(marks) {
      await Promise.all(
        marks.map((mark) => peers.tell(marksTopic, `${mark.kind} ${mark.name} ${mark.at}`, mark, mark.until)),
      )
    },
    readAll: async () => (await peers.read(marksTopic)) as Mark[],
  }
}

/** What may happen once, in any worker. */
export function sharedOnce(peers: Peers): Once {
  return {
    claim: (name, lifetimeMs) => peers.claim(`once:${name}`, lifetimeMs),
    async release(name) {
      peers.release(`once:${name}`)
    },
  }
}

/** Sessions as they change, for workers that have connections of theirs open; tokens stay where they are. */
export function sharedNews(peers: Peers, hear: (session: Session) => void): (session: Session) => void {
  peers.hear(newsTopic, (value) => hear(value as Session))
  return (session) => {
    hear(session)
    const { refreshToken: _, ...news } = session
    // For those who run now; who starts later has no connections open. Nothing is kept.
    void peers.tell(newsTopic, session.id, news, 0)
  }
}
