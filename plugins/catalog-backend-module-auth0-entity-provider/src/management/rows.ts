import { z } from 'zod/v4'

/** A text that counts as missing where it has another type: one odd user must not keep everybody else out of the catalog. */
const text = z.string().optional().catch(undefined)

/** A user as `GET /api/v2/users` shows it: what we read is checked, the rest is there for transformers. */
export const userRow = z.looseObject({
  user_id: z.string().min(1),
  created_at: z.string().min(1),
  email: text,
  email_verified: z.boolean().optional().catch(undefined),
  name: text,
  nickname: text,
  username: text,
  picture: text,
  blocked: z.boolean().optional(),
  identities: z.array(z.looseObject({ connection: text })).optional(),
})
/** A user of Auth0. A transformer also finds the other fields that `userFields` asks for. @public */
export type Auth0User = {
  user_id: string
  created_at: string
  email?: string | undefined
  email_verified?: boolean | undefined
  name?: string | undefined
  nickname?: string | undefined
  username?: string | undefined
  picture?: string | undefined
  blocked?: boolean | undefined
  identities?: { connection?: string | undefined; [field: string]: unknown }[] | undefined
  [field: string]: unknown
}

export const groupRow = z.looseObject({
  id: z.string().min(1),
  name: z.string().min(1),
  display_name: text,
  description: text,
})
export type GroupRow = z.infer<typeof groupRow>

export const memberRow = z.looseObject({ user_id: z.string().min(1) })

/** The fields of a user that we ask for; a transformer may need more (`userFields`). */
export const userFields = Object.keys(userRow.shape)
