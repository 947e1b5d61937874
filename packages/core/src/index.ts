export { type ErrorCode, PromherdError } from './errors.ts'
export { TEXT_CONTENT_TYPE } from './exposition/text.ts'
export { Herd, type HerdOptions } from './herd/herd.ts'
export { type AdapterOptions, monitorOf, recorderFor } from './http/adapter.ts'
export type { OpenExchange } from './http/begun.ts'
export type { ComputedLabel, LabelAnswer, LabelOptions } from './http/custom-labels.ts'
export { type InitializeOptions, initializingRecorderFor } from './http/initialize.ts'
export { isUnmatched, MIDDLEWARE, UNKNOWN_ROUTE, UNMATCHED } from './http/labels.ts'
export { type MetricsHandler, metricsHandler } from './http/metrics-handler.ts'
export { type MetricsHandlerOptions, type MetricsReply, MetricsResponder } from './http/metrics-reply.ts'
export {
  calledBeforeRegister,
  calledByFramework,
  checkPlacement,
  notCalled,
  noteMiddleware,
  warnUsedTwice,
} from './http/misuse.ts'
export {
  type Callback,
  type FailedExchange,
  type HttpOptions,
  HttpRecorder,
  type RequestLike,
  type RouteOf,
} from './http/recorder.ts'
export { instrumentServer, type RequestServer, type ServerOptions } from './http/server.ts'
export { counter, gauge, histogram } from './instruments.ts'
export { createMonitor, defaultMonitor, type Monitor } from './monitor.ts'
export type { MonitorOptions } from './monitor-options.ts'
export type { Address } from './server/listener.ts'
export { type HerdServer, type ServeOptions, serveHerd } from './server/serve-herd.ts'
export type { Numbers } from './snapshot/numbers.ts'
export type { Family, Snapshot, SnapshotSource } from './snapshot/snapshot.ts'
export type { CounterSeries } from './store/counter.ts'
export type { GaugeSeries } from './store/gauge.ts'
export { exponentialBuckets, type HistogramSeries, linearBuckets } from './store/histogram.ts'
export type { CounterOptions, GaugeOptions, HistogramOptions, InstrumentOptions } from './store/instrument-options.ts'
export type { Counter, Gauge, Histogram, Instrument, InstrumentMaker } from './store/instruments.ts'
export type { Labelled, LabelsOf, LabelValue, ValuesOf } from './store/labelled.ts'
