import { readText } from './error-chain.ts'

/**
 * Evidence from Node's own errors. The same code can come from the client's connection or from a dependency's. The
 * system call shows which one it is. If it does not, the state of our own response decides: whether it was destroyed.
 */

/** What a network error is evidence of. */
export type NetworkEvidence = 'upstream' | 'outbound_timeout' | 'timeout' | 'peer_lost' | 'cut'

/** The evidence in one error, without its causes; undefined if there is none. */
export function networkEvidence(error: object): NetworkEvidence | undefined {
  const name = readText(error, 'name')
  if (name === 'TimeoutError') return 'timeout'
  const code = readText(error, 'code')
  if (name === 'AbortError' || CUT_CODES.has(code)) return 'cut'
  if (TIMEOUT_CODES.has(code)) return code === 'ETIMEDOUT' ? 'outbound_timeout' : 'timeout'
  if (PEER_CODES.has(code)) return 'peer_lost'
  return isOutbound(code, readText(error, 'syscall')) ? 'upstream' : undefined
}

/** A deadline that this process enforced, for an incoming or an outgoing request. */
const TIMEOUT_CODES: ReadonlySet<string> = new Set(['ETIMEDOUT', 'FST_ERR_HANDLER_TIMEOUT'])

/** The other end of some connection closed it. */
const PEER_CODES: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED'])

/** An operation of this process was interrupted: because of the client only if our response was destroyed. */
const CUT_CODES: ReadonlySet<string> = new Set([
  'ABORT_ERR',
  'ERR_CANCELED',
  'UND_ERR_ABORTED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_UNABLE_TO_PIPE',
  'ERR_HTTP2_INVALID_STREAM',
  'ERR_HTTP2_STREAM_CANCEL',
])

/** Codes that only outgoing connections produce. */
const OUTBOUND_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'EPROTO',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_TLS_HANDSHAKE_TIMEOUT',
])

/** A resource of this process or host is exhausted; no dependency is to blame, whatever the system call was. */
const OWN_LIMITS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'EADDRNOTAVAIL'])

function isOutbound(code: string, syscall: string): boolean {
  if (code === '' || OWN_LIMITS.has(code)) return false
  if (OUTBOUND_CODES.has(code)) return true
  // Errors in incoming requests, or in their TLS, never reach a framework. So these codes come from outgoing ones.
  if (code.startsWith('HPE_') || code.startsWith('ERR_SSL_')) return true
  // A Unix socket that does not exist gives ENOENT; `queryA` and similar system calls are from dns.resolve.
  return syscall === 'connect' || syscall === 'getaddrinfo' || (syscall.startsWith('query') && code.startsWith('E'))
}
