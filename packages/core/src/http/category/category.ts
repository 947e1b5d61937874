import type { ErrorCategory } from '../../definitions/label-values.ts'
import { clientEvidence } from './client-evidence.ts'
import { errorsOf, isObject, read } from './error-chain.ts'
import { isClientGone, isPayload, isValidation } from './input-evidence.ts'
import { type NetworkEvidence, networkEvidence } from './network-evidence.ts'

/**
 * Determines the category of a failed exchange. Called once for each failure; never throws, whatever was thrown.
 *
 * The order, strongest first, and why:
 *
 * 1. The client left. Errors that only follow from that (an abort, a reset, an aborted stream, an unfinished body) add
 *    nothing. An error of another kind together with an aborted response is the cause of the abort, and decides.
 * 2. The side that the status blames. A 4xx was reported to the client as its own fault, so only evidence about the
 *    request can refine it. A 5xx was reported as ours, so only evidence about us can. Alerts and objectives that count
 *    5xx then agree with the categories.
 * 3. On that side, evidence from the error. The nearest in the chain of causes wins: the code that wrapped the error
 *    last knew the most about it.
 * 4. A status that the error itself names. It was thrown to send that response, so the status decides.
 * 5. `exception`, if something was thrown, named no status, and became a 500 or aborted the response.
 * 6. The status; `server_error` if the server aborted the response and nothing shows why.
 *
 * A specific 4xx (401, 404, 413, ...) is not refined: the service chose it over 400 and 422.
 */

/** What is known of a failed exchange, besides its error. */
export interface ErrorFacts {
  /** The status of the response, sent or not. */
  readonly statusCode: number
  /** True if the response closed before its last byte was handed over. */
  readonly responseDestroyed: boolean
  /** True if the status was sent. */
  readonly headersSent: boolean
  /** False if this side destroyed the response. @default true if it was destroyed */
  readonly clientLeft?: boolean | undefined
}

/** The category of an exchange that failed with `error`, which may be undefined; undefined if nothing failed. */
export function categoryOf(error: unknown, facts: ErrorFacts): ErrorCategory | undefined {
  const found = categoryOfError(error, facts)
  if (found !== undefined) return found
  if (!facts.responseDestroyed) return categoryOfStatus(facts.statusCode)
  return isAbortedByClient(facts) ? 'client_abort' : 'server_error'
}

/** The category that `error` is evidence of; undefined if it adds nothing to the status. */
export function categoryOfError(error: unknown, facts: ErrorFacts): ErrorCategory | undefined {
  if (error === undefined) return undefined
  const evidence = evidenceOf(error)
  if (evidence === 'client_gone') return 'client_abort'
  if (isAbortedByClient(facts) && (evidence === 'peer_lost' || evidence === 'cut')) return 'client_abort'
  const status = receivedStatusOf(facts)
  if (status >= 400 && status < 500) return refinedClientError(evidence, status)
  if (status < 400 && !facts.responseDestroyed) return undefined
  return ownFailure(evidence, error, status)
}

const STATUS_CATEGORIES: ReadonlyMap<number, ErrorCategory> = new Map([
  [401, 'auth'],
  [403, 'auth'],
  [404, 'not_found'],
  [405, 'not_found'],
  [408, 'timeout'],
  [410, 'not_found'],
  [413, 'payload'],
  [415, 'payload'],
  [429, 'rate_limited'],
  [431, 'payload'],
  [499, 'client_abort'],
  [502, 'upstream'],
  [503, 'overload'],
  [504, 'timeout'],
])

/** The category of a status; undefined below 400. */
export function categoryOfStatus(statusCode: number): ErrorCategory | undefined {
  if (!(statusCode >= 400)) return undefined
  return STATUS_CATEGORIES.get(statusCode) ?? (statusCode < 500 ? 'client_error' : 'server_error')
}

type Evidence = NetworkEvidence | 'validation' | 'payload' | 'client_gone'

/** The nearest evidence with one possible meaning; else the nearest that is ambiguous. */
function evidenceOf(error: unknown): Evidence | undefined {
  let ambiguous: Evidence | undefined
  for (const link of errorsOf(error)) {
    const evidence = evidenceOfOne(link)
    if (evidence !== undefined && evidence !== 'peer_lost' && evidence !== 'cut') return evidence
    ambiguous ??= evidence
  }
  return ambiguous
}

function evidenceOfOne(error: object): Evidence | undefined {
  if (isClientGone(error)) return 'client_gone'
  if (isValidation(error)) return 'validation'
  if (isPayload(error)) return 'payload'
  return clientEvidence(error) ?? networkEvidence(error)
}

function isAbortedByClient(facts: ErrorFacts): boolean {
  return facts.responseDestroyed && facts.clientLeft !== false
}

/** The status that the client received; 0 if it left before it received any. */
function receivedStatusOf(facts: ErrorFacts): number {
  return facts.responseDestroyed && !facts.headersSent ? 0 : facts.statusCode
}

function refinedClientError(evidence: Evidence | undefined, status: number): ErrorCategory | undefined {
  if (evidence !== 'validation' && evidence !== 'payload') return undefined
  return categoryOfStatus(status) === 'client_error' ? evidence : undefined
}

function ownFailure(evidence: Evidence | undefined, error: unknown, status: number): ErrorCategory | undefined {
  if (evidence === 'timeout') return 'timeout'
  // If a dependency exceeds its deadline, the dependency failed, unless we responded that the exchange timed out.
  if (evidence === 'outbound_timeout') return status === 504 ? 'timeout' : 'upstream'
  if (evidence === 'upstream' || evidence === 'peer_lost') return 'upstream'
  if (namesStatus(error)) return undefined
  return status === 500 || status < 400 ? 'exception' : undefined
}

/** True for an error that was created to send a certain status, not because something broke. */
function namesStatus(error: unknown): boolean {
  if (!isObject(error)) return false
  if (isErrorStatus(read(error, 'statusCode'))) return true
  const status = read(error, 'status')
  if (status !== 500) return isErrorStatus(status)
  // Koa sets `status = 500` on errors without one, so a 500 counts only together with what http-errors or Hono add.
  return typeof read(error, 'expose') === 'boolean' || typeof read(error, 'getResponse') === 'function'
}

function isErrorStatus(status: unknown): boolean {
  return typeof status === 'number' && status >= 400 && status < 600
}
