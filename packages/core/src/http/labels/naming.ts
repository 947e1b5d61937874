import { promherdError } from '../../base/errors.ts'
import type { Definition } from '../../definitions/definition.ts'
import { FAMILIES } from '../../definitions/metrics.ts'
import { isTemplate, METHODS, methodIndexOf } from './labels.ts'

/**
 * The names and labels of the metrics of exchanges: by the customs of Prometheus, or by OpenTelemetry's conventions as
 * its Prometheus exporters spell them.
 */

export const NAMINGS = ['prometheus', 'opentelemetry'] as const
export type NamingName = (typeof NAMINGS)[number]

/** The facts of an exchange that its labels are made of. */
export interface Facts {
  readonly method: string
  readonly route: string
  /** 0 if none was sent and the naming omits it. */
  readonly status: number
  /** The value of `error_type`; '' for none. */
  readonly fault: string
}

/** Label values of an exchange besides its facts, the same for many exchanges. */
export interface Surroundings {
  /** `http`, `https`, or '' if the naming has no scheme. */
  readonly scheme: string
  /** The HTTP version. */
  readonly version: string
  /** The values of the user-defined labels. */
  readonly custom: readonly string[]
}

export interface Naming {
  readonly duration: Definition
  /** The counter that the counts of the durations are added to; undefined if there is none. */
  readonly requests: Definition | undefined
  readonly inFlight: Definition
  readonly timeToFirstByte: Definition
  readonly requestSize: Definition
  readonly responseSize: Definition
  /** The methods that can be label values; the last one is for all others. */
  readonly methods: readonly string[]
  methodIndexOf(method: string | undefined): number
  /** True for the conventions of OpenTelemetry. */
  readonly isOpenTelemetry: boolean
  /** The labels of metrics in seconds. */
  valuesOf(facts: Facts, surroundings: Surroundings): string[]
  /** The labels of metrics in bytes. */
  sizeValuesOf(facts: Facts, surroundings: Surroundings): string[]
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
  valuesOf: ({ method, route, status }, { custom }) => [method, route, String(status), ...custom],
  sizeValuesOf: ({ method, route }, { custom }) => [method, route, ...custom],
}

/** The naming with this name. @throws ERR_PROMHERD_BAD_OPTION if the environment names too many methods. */
export function namingOf(name: NamingName | undefined): Naming {
  return name === 'opentelemetry' ? openTelemetryNaming() : PROMETHEUS
}

function openTelemetryNaming(): Naming {
  const methods = knownMethods()
  const indexes = new Map(methods.map((method, index) => [method, index]))
  return {
    duration: FAMILIES.serverDuration,
    requests: undefined,
    inFlight: FAMILIES.serverActive,
    timeToFirstByte: FAMILIES.serverFirstByte,
    requestSize: FAMILIES.serverRequestSize,
    responseSize: FAMILIES.serverResponseSize,
    methods,
    methodIndexOf: method => indexes.get(method as string) ?? methods.length - 1,
    isOpenTelemetry: true,
    valuesOf: openTelemetryValuesOf,
    sizeValuesOf: openTelemetryValuesOf,
  }
}

function openTelemetryValuesOf(
  { method, route, status, fault }: Facts,
  { scheme, version, custom }: Surroundings,
): string[] {
  // Labels that do not apply are omitted: an empty label value equals no label.
  const sent = status === 0 ? '' : String(status)
  const template = isTemplate(route) ? route : ''
  return [method, scheme, fault, sent, template, version, ...custom]
}

/** The methods of RFC 9110, PATCH and QUERY, or those that the environment variable names instead. */
function knownMethods(): readonly string[] {
  const named = process.env['OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS'] ?? ''
  const methods = new Set(named.split(',').map(method => method.trim()))
  methods.delete('')
  if (methods.size === 0) return [...METHODS.slice(0, -1), 'QUERY', ...METHODS.slice(-1)]
  methods.delete('_OTHER')
  if (methods.size <= MOST_METHODS) return [...methods, '_OTHER']
  const name = 'OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS'
  const remedy = 'Name those that the service answers.'
  throw promherdError('ERR_PROMHERD_BAD_OPTION', name, `at most ${MOST_METHODS} methods`, methods.size, remedy)
}

const MOST_METHODS = 40
