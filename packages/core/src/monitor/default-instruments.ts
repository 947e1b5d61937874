import type { CounterOptions, GaugeOptions, HistogramOptions } from '../instruments/instrument-options.ts'
import type { Counter, Gauge, Histogram } from '../instruments/instruments.ts'
import { defaultMonitor } from './default-monitor.ts'

/** User metrics on the monitor that the whole process shares. */

/** A counter of the default monitor; throws as `Monitor.counter` does. */
export function counter<const L extends readonly string[] = readonly []>(options: CounterOptions<L>): Counter<L> {
  return defaultMonitor().counter(options)
}

/** A gauge of the default monitor; throws as `Monitor.gauge` does. */
export function gauge<const L extends readonly string[] = readonly []>(options: GaugeOptions<L>): Gauge<L> {
  return defaultMonitor().gauge(options)
}

/** A histogram of the default monitor; throws as `Monitor.histogram` does. */
export function histogram<const L extends readonly string[] = readonly []>(options: HistogramOptions<L>): Histogram<L> {
  return defaultMonitor().histogram(options)
}
