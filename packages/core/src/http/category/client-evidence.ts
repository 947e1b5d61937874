import { isObject, read, readText } from './error-chain.ts'
import { type NetworkEvidence, networkEvidence } from './network-evidence.ts'

/** Evidence from errors of the clients of other services: HTTP clients, PostgreSQL and Redis. */

/**
 * The evidence in one error of a client; undefined if it is no client's error, or shows a mistake in the service's own
 * code.
 */
export function clientEvidence(error: object): NetworkEvidence | undefined {
  return axiosEvidence(error) ?? fetchEvidence(error) ?? postgresEvidence(error) ?? redisEvidence(error)
}

/** axios refused the request before anything was sent. */
const AXIOS_MISTAKES: ReadonlySet<string> = new Set([
  'ERR_BAD_OPTION',
  'ERR_BAD_OPTION_VALUE',
  'ERR_BAD_REQUEST',
  'ERR_DEPRECATED',
  'ERR_FORM_DATA_DEPTH_EXCEEDED',
  'ERR_INVALID_URL',
  'ERR_NOT_SUPPORT',
])

function axiosEvidence(error: object): NetworkEvidence | undefined {
  if (read(error, 'isAxiosError') !== true) return undefined
  const code = readText(error, 'code')
  if (code === 'ERR_CANCELED') return axiosCancelled(error)
  if (code === 'ECONNABORTED' || code === 'ETIMEDOUT') return 'outbound_timeout'
  // axios gives a response of 4xx and a request that it refuses itself the same code; only the first has a response.
  if (isObject(read(error, 'response'))) return 'upstream'
  return code === '' || AXIOS_MISTAKES.has(code) ? undefined : 'upstream'
}

/** axios reports only that the request was cancelled; the reason is on the signal that it was given. */
function axiosCancelled(error: object): NetworkEvidence {
  const reason = read(read(read(error, 'config'), 'signal'), 'reason')
  return readText(reason, 'name') === 'TimeoutError' ? 'timeout' : 'cut'
}

/** undici refused the request before anything was sent, or was used after it was closed. */
const UNDICI_MISTAKES: ReadonlySet<string> = new Set([
  'UND_ERR_ABORTED',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
  'UND_ERR_INVALID_ARG',
  'UND_ERR_INVALID_RETURN_VALUE',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
])

function fetchEvidence(error: object): NetworkEvidence | undefined {
  const code = readText(error, 'code')
  if (code.startsWith('UND_ERR_') && !UNDICI_MISTAKES.has(code)) {
    return code.endsWith('_TIMEOUT') ? 'outbound_timeout' : 'upstream'
  }
  // fetch gives no more detail than this. The connection that broke is to the other service, not to the client.
  const cause = readText(error, 'message') === 'fetch failed' ? read(error, 'cause') : undefined
  return isObject(cause) && networkEvidence(cause) === 'peer_lost' ? 'upstream' : undefined
}

/** query_canceled: a statement exceeded its time limit. */
const POSTGRES_CANCELLED = '57014'
/** Classes of SQLSTATE: connection, authorization, resources, intervention, system error, internal error. */
const POSTGRES_CLASSES: ReadonlySet<string> = new Set(['08', '28', '53', '57', '58', 'XX'])

function postgresEvidence(error: object): NetworkEvidence | undefined {
  const message = readText(error, 'message')
  if (POSTGRES_LOST.has(message)) return 'upstream'
  if (POSTGRES_LATE.has(message)) return 'outbound_timeout'
  const code = readText(error, 'code')
  const severity = readText(error, 'severity')
  if (severity === '' || !/^[0-9A-Z]{5}$/.test(code)) return undefined
  if (code === POSTGRES_CANCELLED) return 'outbound_timeout'
  // FATAL and PANIC end the connection; an ERROR of any other class concerns the statement, which the service wrote.
  return severity === 'FATAL' || severity === 'PANIC' || POSTGRES_CLASSES.has(code.slice(0, 2)) ? 'upstream' : undefined
}

/** Messages of pg, without a code, when the connection ended. */
const POSTGRES_LOST: ReadonlySet<string> = new Set(['Connection terminated', 'Connection terminated unexpectedly'])
/** Messages of pg and pg-pool, without a code, when a deadline passed. */
const POSTGRES_LATE: ReadonlySet<string> = new Set([
  'Connection terminated due to connection timeout',
  'Query read timeout',
  'timeout exceeded when trying to connect',
  'timeout expired',
])

/** The first word of a reply with which Redis reports that it cannot serve now, or refuses this client. */
const REDIS_REFUSALS: ReadonlySet<string> = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'NOAUTH',
  'NOPERM',
  'NOREPLICAS',
  'OOM',
  'READONLY',
  'TRYAGAIN',
  'WRONGPASS',
])
const REDIS_FULL = 'ERR max number of clients reached'
/** The message of ioredis, without a code, when a command found no connection. */
const REDIS_CLOSED = 'Connection is closed.'
/** The same, when the deadline of a command passed. */
const REDIS_LATE = 'Command timed out'

function redisEvidence(error: object): NetworkEvidence | undefined {
  const name = readText(error, 'name')
  if (name === 'MaxRetriesPerRequestError') return 'upstream'
  const message = readText(error, 'message')
  if (message === REDIS_CLOSED) return 'upstream'
  if (message === REDIS_LATE) return 'outbound_timeout'
  if (name !== 'ReplyError') return undefined
  return message === REDIS_FULL || REDIS_REFUSALS.has(message.split(' ', 1)[0]!) ? 'upstream' : undefined
}
