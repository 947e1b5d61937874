import {
  endpointFromEnvironment,
  fromEnvironment,
  type Given,
  headersFromEnvironment,
  resourceFromEnvironment,
} from './environment.ts'
import type { Compression, OtlpOptions, Protocol } from './options.ts'

/** The options, with defaults. */
export interface ResolvedOtlpOptions extends Pick<OtlpOptions, 'certificate' | 'clientCertificate' | 'clientKey'> {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** In seconds, like `timeout`. */
  readonly interval: number
  readonly timeout: number
  readonly protocol: Protocol
  readonly compression: Compression
  readonly resource: Readonly<Record<string, string>>
}

/**
 * Adds missing values to checked options: from the environment, else the defaults of OpenTelemetry.
 * @throws ERR_PROMHERD_BAD_OPTION for an invalid value in the environment
 */
export function resolveOtlpOptions({ url, headers, resource, ...given }: OtlpOptions): ResolvedOtlpOptions {
  return {
    ...DEFAULTS,
    ...fromEnvironment(),
    ...withoutUndefined(given),
    url: urlOf(url),
    headers: { ...lowerCase(headersFromEnvironment()), ...lowerCase(headers) },
    resource: { ...resourceFromEnvironment(), ...resource },
  }
}

const DEFAULTS = { interval: 60, timeout: 10, protocol: 'http/protobuf', compression: 'none' } as const
const DEFAULT_URL = 'http://localhost:4318'
const PATH = '/v1/metrics'

function urlOf(option: string | undefined): URL {
  const { ofMetrics, ofAll = DEFAULT_URL } = endpointFromEnvironment()
  if (option === undefined && ofMetrics !== undefined) return new URL(ofMetrics)
  const url = new URL(option ?? ofAll)
  if (!url.pathname.endsWith(PATH)) url.pathname = url.pathname.replace(/\/*$/, PATH)
  return url
}

/** Header names are case-insensitive. */
function lowerCase(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

function withoutUndefined(options: OtlpOptions): Given {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
