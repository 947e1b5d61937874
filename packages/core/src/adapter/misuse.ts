import { type PromherdError, promherdError } from '../base/errors.ts'
import { shared } from '../base/shared.ts'
import type { HttpRecorder } from '../http/http-recorder.ts'
import type { Recorder } from '../http/recorder.ts'
import { warnBehindRoutes } from '../http/watch/placement-warning.ts'

/** Detects wrong usage of an adapter. */

function warn(message: string): void {
  process.emitWarning(message, 'PromherdWarning')
}

/**
 * For a middleware factory that can be passed without a call, as `app.use(prometheus)`. `others` are its arguments
 * besides its options: a framework passes a function that continues the request. Returns that function, after a
 * warning.
 */
export function calledByFramework(others: readonly unknown[], use: string): (() => unknown) | undefined {
  const next = others.at(-1)
  if (typeof next !== 'function') return undefined
  // This is called with each request, so warn only once.
  if (!hasWarnedOfCall) warn(notCalled('prometheus', `Write \`${use}\`. No request is recorded until then.`).message)
  hasWarnedOfCall = true
  return next as () => unknown
}

let hasWarnedOfCall = false

/** The error for a function that was given to a framework without being called. */
export function notCalled(name: string, remedy: string): PromherdError {
  return promherdError('ERR_PROMHERD_NOT_CALLED', name, remedy)
}

/** The error for a plugin that was called instead of being registered. */
export function calledBeforeRegister(): PromherdError {
  const remedy = 'Write `await app.register(prometheus, { ... })`.'
  return promherdError('ERR_PROMHERD_CALLED', 'prometheus', remedy)
}

/**
 * Warns if a middleware that uses `recorder` is registered after a route, or together with another one that records
 * into the same monitor. `handlers` are those of one application, in their order. Must be called once for each
 * application.
 */
export function checkPlacement(
  middleware: object,
  recorder: Recorder,
  handlers: readonly unknown[],
  isRoute: (handler: unknown, index: number) => boolean,
): void {
  const isOfStore = (handler: unknown): boolean => STORES.get(handler as object) === storeOf(recorder)
  const first = handlers.findIndex(isOfStore)
  // Otherwise each of the others would repeat the warning.
  if (handlers[first] !== middleware) return
  if (handlers.slice(0, first).some(isRoute)) warnBehindRoutes()
  if (handlers.slice(first + 1).some(isOfStore)) warn(USED_TWICE)
}

/** The middlewares of this process, with the store that each records into. */
const STORES = shared('middlewares', () => new WeakMap<object, object>())

/** Registers a middleware for `checkPlacement` before its first request. */
export function noteMiddleware(middleware: object, recorder: Recorder): void {
  STORES.set(middleware, storeOf(recorder))
}

/** Warns if a plugin is registered on `instance` with another recorder of the same monitor. */
export function checkRegistration(instance: object, recorder: Recorder): void {
  const stores = PLUGINS.get(instance) ?? new Set()
  if (stores.has(storeOf(recorder))) warn(USED_TWICE)
  PLUGINS.set(instance, stores.add(storeOf(recorder)))
}

/** The stores that the plugins of an instance record into. */
const PLUGINS = new WeakMap<object, Set<object>>()

/** Recorders of one monitor have the same store. */
function storeOf(recorder: Recorder): object {
  return (recorder as HttpRecorder).store
}

const USED_TWICE =
  '`prometheus` of promherd is used twice in one application. Each request is recorded once; remove one of the two.'
