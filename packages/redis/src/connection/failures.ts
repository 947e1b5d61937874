import { type ForwardErrorCause, isSinkError, SinkError } from '@promherd/core/forward'

/** The error messages of Redis, and the failure of a push that each of them means. */
const REPLIES: readonly (readonly [begin: RegExp, reason: ForwardErrorCause])[] = [
  [/^(NOAUTH|WRONGPASS|NOPERM)|invalid password|AUTH called without/, 'auth'],
  [/^(-?OOM|MISCONF)/, 'full'],
  [/^-?READONLY|read only replica/, 'read_only'],
  [/^(LOADING|BUSY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|NOREPLICAS|UNBLOCKED)|max number of clients/, 'unavailable'],
  [/WRONGTYPE/, 'rejected'],
]

/** Converts any failure of Redis, or of the connection to it, to an error of a sink. */
export function sinkError(error: unknown): SinkError {
  if (isSinkError(error)) return error
  const { name, message = String(error) } = error as Error
  const reason = REPLIES.find(([begin]) => begin.test(message))?.[1]
  if (reason !== undefined) return new SinkError(reason, message, { cause: error })
  return new SinkError(name === 'ReplyError' ? 'other' : 'connection', message, { cause: error })
}

/** True if Redis itself has responded, even with an error. */
export function isReply(error: unknown): boolean {
  return (error as Error | undefined)?.name === 'ReplyError'
}
