export { type InitializeOptions, initializingRecorderFor } from './adapter/initialize.ts'
export { instrumentServer, type RequestServer, type ServerOptions } from './adapter/instrument-server.ts'
export { type MetricsHandler, metricsHandler } from './adapter/metrics-handler.ts'
export { type MetricsHandlerOptions, type MetricsReply, MetricsResponder } from './adapter/metrics-reply.ts'
export {
  calledBeforeRegister,
  calledByFramework,
  checkPlacement,
  notCalled,
  noteMiddleware,
  warnUsedTwice,
} from './adapter/misuse.ts'
export { type AdapterOptions, monitorOf, recorderFor } from './adapter/recorder-for.ts'
export { type ErrorCode, PromherdError } from './base/errors.ts'
export { TEXT_CONTENT_TYPE } from './exposition/text.ts'
export { Herd, type HerdOptions } from './herd/herd.ts'
export type { RouteOf } from './http/exchange/exchange.ts'
export type { OpenExchange } from './http/exchange/manual-exchange.ts'
export type { ComputedLabel, LabelAnswer, LabelOptions } from './http/labels/custom-labels.ts'
export { isUnmatched, MIDDLEWARE, UNKNOWN_ROUTE, UNMATCHED } from './http/labels/labels.ts'
export type { RequestLike } from './http/labels/request-like.ts'
export type { Callback, FailedExchange, HttpOptions } from './http/options/http-options.ts'
export { HttpRecorder } from './http/recorder.ts'
export type { CounterSeries } from './instruments/counter.ts'
export type { GaugeSeries } from './instruments/gauge.ts'
export { exponentialBuckets, type HistogramSeries, linearBuckets } from './instruments/histogram.ts'
export type {
  CounterOptions,
  GaugeOptions,
  HistogramOptions,
  InstrumentOptions,
} from './instruments/instrument-options.ts'
export type { Counter, Gauge, Histogram, Instrument, InstrumentMaker } from './instruments/instruments.ts'
export type { Labelled, LabelsOf, LabelValue, ValuesOf } from './instruments/labelled.ts'
export { counter, gauge, histogram } from './monitor/default-instruments.ts'
export { defaultMonitor } from './monitor/default-monitor.ts'
export { createMonitor, type Monitor } from './monitor/monitor.ts'
export type { MonitorOptions } from './monitor/monitor-options.ts'
export type { Address } from './server/listener.ts'
export { type HerdServer, type ServeOptions, serveHerd } from './server/serve-herd.ts'
export type { Numbers } from './snapshot/numbers.ts'
export type { Family, Snapshot, SnapshotSource } from './snapshot/snapshot.ts'
