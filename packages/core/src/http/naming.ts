import { promherdError } from '../errors.ts'
import { FAMILIES } from '../metrics.ts'
import type { Definition } from '../store/catalog.ts'
import { isTemplate, METHODS, methodIndexOf } from './labels.ts'

/**
 * What the metrics of exchanges are called, and what stands in their labels: by the customs of Prometheus, or by
 * OpenTelemetry's conventions as its Prometheus exporters spell them.
 */

export const NAMINGS = ['prometheus', 'otel'] as const
export type NamingName = (typeof NAMINGS)[number]

/** What an exchange was, as its labels tell it. */
export interface Facts {
  readonly method: string
  readonly route: string
  /** 0 where none was sent and the naming leaves it out. */
  readonly status: number
  /** What stands in `error_type`; '' for none. */
  readonly fault: string
}

/** What is known of an exchange besides its facts, and is the same for many. */
export interface Surroundings {
  /** `http`, `https`, or '' where it is not told. */
  readonly scheme: string
  /** The version of HTTP. */
  readonly version: string
  /** The values of the user's own labels. */
  readonly custom: readonly string[]
}

export interface Naming {
  readonly duration: Definition
  /** The counter that the durations are counted into; undefined where there is none. */
  readonly requests: Definition | undefined
  readonly inFlight: Definition
  readonly firstByte: Definition
  readonly requestSize: Definition
  readonly responseSize: Definition
  /** The methods that may stand in a label; the last one is for all others. */
  readonly methods: readonly string[]
  methodIndexOf(method: string | undefined): number
  /** True where the conventions of OpenTelemetry hold. */
  readonly isOtel: boolean
  /** The labels of what is measured in seconds. */
  valuesOf(facts: Facts, surroundings: Surroundings): string[]
  /** The labels of what is measured in bytes. */
  sizeValuesOf(facts: Facts, surroundings: Surroundings): string[]
}

const PROMETHEUS: Naming = {
  duration: FAMILIES.requestDuration,
  requests: FAMILIES.requests,
  inFlight: FAMILIES.requestsInFlight,
  firstByte: FAMILIES.requestFirstByte,
  requestSize: FAMILIES.requestSize,
  responseSize: FAMILIES.responseSize,
  methods: METHODS,
  methodIndexOf,
  isOtel: false,
  valuesOf: ({ method, route, status }, { custom }) => [method, route, String(status), ...custom],
  sizeValuesOf: ({ method, route }, { custom }) => [method, route, ...custom],
}

/** The naming that was asked for. @throws ERR_PROMHERD_BAD_OPTION where the environment names too many methods. */
export function namingOf(name: NamingName | undefined): Naming {
  return name === 'otel' ? otelNaming() : PROMETHEUS
}

function otelNaming(): Naming {
  const methods = knownMethods()
  const indexes = new Map(methods.map((method, index) => [method, index]))
  return {
    duration: FAMILIES.serverDuration,
    requests: undefined,
    inFlight: FAMILIES.serverActive,
    firstByte: FAMILIES.serverFirstByte,
    requestSize: FAMILIES.serverRequestSize,
    responseSize: FAMILIES.serverResponseSize,
    methods,
    methodIndexOf: method => indexes.get(method as string) ?? methods.length - 1,
    isOtel: true,
    valuesOf: otelValuesOf,
    sizeValuesOf: otelValuesOf,
  }
}

function otelValuesOf({ method, route, status, fault }: Facts, { scheme, version, custom }: Surroundings): string[] {
  // What does not apply is left out, and an empty label is no label.
  const sent = status === 0 ? '' : String(status)
  const template = isTemplate(route) ? route : ''
  return [method, scheme, fault, sent, template, version, ...custom]
}

/** Those of RFC 9110, PATCH and QUERY, or instead of them those that the environment names. */
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
