/** `@promherd/core/adapter`, for authors of adapters: docs/writing-an-adapter.md. */
export { type InitializeOptions, initializingRecorderFor } from './adapter/initialize.ts'
export { type MetricsHandlerOptions, type MetricsReply, MetricsResponder } from './adapter/metrics-reply.ts'
export {
  calledBeforeRegister,
  calledByFramework,
  checkPlacement,
  checkRegistration,
  notCalled,
  noteMiddleware,
} from './adapter/misuse.ts'
export { type AdapterOptions, recorderFor } from './adapter/recorder-for.ts'
export type { OpenExchange } from './http/exchange/manual-exchange.ts'
export { isUnmatched, MIDDLEWARE, UNKNOWN_ROUTE, UNMATCHED } from './http/labels/labels.ts'
export type { RequestLike } from './http/labels/request-like.ts'
export type { RouteOf } from './http/labels/route-of.ts'
export type { Recorder } from './http/recorder.ts'
export type { RequestServer } from './http/watch/watch-server.ts'
