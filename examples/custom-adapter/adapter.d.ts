import type { Lifecycle, Plugin } from '@hapi/hapi'
import type { AdapterOptions, MetricsHandlerOptions } from '@promherd/core/adapter'

export const prometheus: Plugin<AdapterOptions>
export function metricsHandler(options?: MetricsHandlerOptions): Lifecycle.Method
