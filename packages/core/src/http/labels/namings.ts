import { FAMILIES } from '../../definitions/metrics.ts'
import { METHODS, methodIndexOf } from './labels.ts'
import { type Naming, STATUSES } from './naming.ts'
import { openTelemetryNaming } from './opentelemetry.ts'

/** The option `naming`: the customs of Prometheus, or the conventions of OpenTelemetry. */
export const NAMINGS = ['prometheus', 'opentelemetry'] as const
export type NamingName = (typeof NAMINGS)[number]

/**
 * The naming with this name. `categories` are all possible categories.
 * @throws ERR_PROMHERD_BAD_OPTION if the environment names too many methods.
 */
export function namingOf(name: NamingName | undefined, categories: readonly string[]): Naming {
  return name === 'opentelemetry' ? openTelemetryNaming(categories) : PROMETHEUS
}

const PROMETHEUS: Naming = {
  duration: FAMILIES.requestDuration,
  requests: FAMILIES.requests,
  inFlight: FAMILIES.requestsInFlight,
  timeToFirstByte: FAMILIES.requestFirstByte,
  requestSize: FAMILIES.requestSize,
  responseSize: FAMILIES.responseSize,
  methods: METHODS,
  methodIndexOf,
  isOpenTelemetry: false,
  timeLabels: {
    valuesOf: ({ method, route, status }, { custom }) => [METHODS[method]!, route, String(status), ...custom],
    keyOf: ({ method, status }) => method * STATUSES + status,
  },
  sizeLabels: {
    valuesOf: ({ method, route }, { custom }) => [METHODS[method]!, route, ...custom],
    keyOf: ({ method }) => method,
  },
}
