/** Why a request is not served: it waited too long for the process, or there are too many of something. */
export const shedReasons = ['delay', 'connections', 'requests'] as const

export type ShedReason = (typeof shedReasons)[number]
