import { type PromherdError, promherdError } from '../errors.ts'
import { shared } from '../shared.ts'

/** What an adapter does where it finds that it was used in a way that cannot have been meant. */

function warn(message: string): void {
  process.emitWarning(message, 'PromherdWarning')
}

/**
 * For a factory of middleware that can be used without a call, as `app.use(prometheus)`. `others` is what it was given
 * besides its options: a framework gives it a function that goes on with the request. Returns that, after a warning.
 */
export function calledByFramework(others: readonly unknown[], use: string): (() => unknown) | undefined {
  const next = others.at(-1)
  if (typeof next !== 'function') return undefined
  // With each request.
  if (!hasWarnedOfCall) warn(notCalled('prometheus', `Write \`${use}\`. No request is recorded until then.`).message)
  hasWarnedOfCall = true
  return next as () => unknown
}

let hasWarnedOfCall = false

/** The error for a function that was given to a framework without a call. */
export function notCalled(name: string, remedy: string): PromherdError {
  return promherdError('ERR_PROMHERD_NOT_CALLED', name, remedy)
}

/** The error for a plugin that was called where it was to be registered. */
export function calledBeforeRegister(): PromherdError {
  const remedy = 'Write `await app.register(prometheus, { ... })`.'
  return promherdError('ERR_PROMHERD_CALLED', 'prometheus', remedy)
}

/**
 * Warns where a middleware that records into `store` stands behind a route, or beside another that records into the
 * same store. `handlers` are those of one application, in their order. To be called once for each application.
 */
export function checkPlacement(
  middleware: object,
  store: object,
  handlers: readonly unknown[],
  isRoute: (handler: unknown, index: number) => boolean,
): void {
  const isOfStore = (handler: unknown): boolean => STORES.get(handler as object) === store
  const first = handlers.findIndex(isOfStore)
  // The others would say the same once more.
  if (handlers[first] !== middleware) return
  if (handlers.slice(0, first).some(isRoute)) warn(BEHIND_ROUTES)
  if (handlers.slice(first + 1).some(isOfStore)) warn(USED_TWICE)
}

/** The middlewares of this process, by what they record into. */
const STORES = shared('middlewares', () => new WeakMap<object, object>())

/** Has a middleware known to `checkPlacement` before its first request. */
export function noteMiddleware(middleware: object, store: object): void {
  STORES.set(middleware, store)
}

/** Warns that a plugin is registered twice with one instance. */
export function warnUsedTwice(): void {
  warn(USED_TWICE)
}

/** Warns that something answers before the adapter. */
export function warnBehindRoutes(): void {
  warn(BEHIND_ROUTES)
}

const BEHIND_ROUTES =
  'Requests are answered before `prometheus` of promherd sees them, so their routes and times are missing. Use it before the first route.'
const USED_TWICE =
  '`prometheus` of promherd is used twice in one application. Each request is recorded once; remove one of the two.'
