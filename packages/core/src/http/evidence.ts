import type { ErrorCategory } from '../metrics.ts'
import { errorsOf, isObject, read } from './evidence-chain.ts'
import { clientEvidence } from './evidence-clients.ts'
import { isClientGone, isPayload, isValidation } from './evidence-input.ts'
import { type NetworkEvidence, networkEvidence } from './evidence-network.ts'

/**
 * Which category a failed exchange belongs to. Asked once for each failure; never throws, whatever was thrown.
 *
 * The order, strongest first, and why:
 *
 * 1. The client left. What is only seen because it left (an abort, a reset, a torn stream, an unfinished body) says
 *    nothing more than that. An error of another kind that stands beside a torn response is what tore it, and speaks.
 * 2. The side that the status blames. A 4xx was told to the client as its own doing, so only evidence about the
 *    request can refine it; a 5xx as ours, so only evidence about us can. Alerts and objectives that count 5xx then
 *    agree with the categories.
 * 3. On that side, evidence from the error: the nearest in the chain of causes, since what was wrapped last was
 *    understood best.
 * 4. A status of its own that the error named: it was thrown to send that answer, which then tells all.
 * 5. `exception`, where something was thrown, named no status, and became a 500 or cut the response.
 * 6. The status; `server_error` where we tore the response and nothing says why.
 *
 * A specific 4xx (401, 404, 413, ...) is not refined, for the service chose it over 400 and 422.
 */

/** What is known of an exchange that failed, besides its error. */
export interface ErrorFacts {
  /** What the response says, sent or not. */
  readonly statusCode: number
  /** True where the response closed before its last byte was handed over. */
  readonly responseDestroyed: boolean
  /** True where the status was sent. */
  readonly headersSent: boolean
  /** False where the response was destroyed by this side. @default true where it was destroyed */
  readonly clientLeft?: boolean | undefined
}

/** The category of an exchange that failed with `error`, which may be undefined; undefined where nothing went wrong. */
export function categoryOf(error: unknown, facts: ErrorFacts): ErrorCategory | undefined {
  const told = categoryOfError(error, facts)
  if (told !== undefined) return told
  if (!facts.responseDestroyed) return categoryOfStatus(facts.statusCode)
  return isTornByClient(facts) ? 'client_abort' : 'server_error'
}

/** The category that `error` is evidence of; undefined where it says nothing more than the status does. */
export function categoryOfError(error: unknown, facts: ErrorFacts): ErrorCategory | undefined {
  if (error === undefined) return undefined
  const evidence = evidenceOf(error)
  if (evidence === 'client_gone') return 'client_abort'
  if (isTornByClient(facts) && (evidence === 'peer_lost' || evidence === 'cut')) return 'client_abort'
  const status = statusTold(facts)
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

/** The category that a status stands for; undefined below 400. */
export function categoryOfStatus(statusCode: number): ErrorCategory | undefined {
  if (!(statusCode >= 400)) return undefined
  return STATUS_CATEGORIES.get(statusCode) ?? (statusCode < 500 ? 'client_error' : 'server_error')
}

type Evidence = NetworkEvidence | 'validation' | 'payload' | 'client_gone'

/** The nearest evidence that can mean one thing only; else the nearest that can mean several. */
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

function isTornByClient(facts: ErrorFacts): boolean {
  return facts.responseDestroyed && facts.clientLeft !== false
}

/** The status that the client was told; 0 where it left before it was told any. */
function statusTold(facts: ErrorFacts): number {
  return facts.responseDestroyed && !facts.headersSent ? 0 : facts.statusCode
}

function refinedClientError(evidence: Evidence | undefined, status: number): ErrorCategory | undefined {
  if (evidence !== 'validation' && evidence !== 'payload') return undefined
  return categoryOfStatus(status) === 'client_error' ? evidence : undefined
}

function ownFailure(evidence: Evidence | undefined, error: unknown, status: number): ErrorCategory | undefined {
  if (evidence === 'timeout') return 'timeout'
  // A dependency's deadline is the dependency's failure, unless we answered that the exchange timed out.
  if (evidence === 'outbound_timeout') return status === 504 ? 'timeout' : 'upstream'
  if (evidence === 'upstream' || evidence === 'peer_lost') return 'upstream'
  if (namesStatus(error)) return undefined
  return status === 500 || status < 400 ? 'exception' : undefined
}

/** True for an error that was made to send a certain status, and not because something broke. */
function namesStatus(error: unknown): boolean {
  if (!isObject(error)) return false
  if (isErrorStatus(read(error, 'statusCode'))) return true
  const status = read(error, 'status')
  if (status !== 500) return isErrorStatus(status)
  // Koa writes `status = 500` on errors that named none, so a 500 counts only with what http-errors or Hono add.
  return typeof read(error, 'expose') === 'boolean' || typeof read(error, 'getResponse') === 'function'
}

function isErrorStatus(status: unknown): boolean {
  return typeof status === 'number' && status >= 400 && status < 600
}
