import { afterEach, describe, expect, test, vi } from 'vitest'
import { forward } from '../index.ts'
import { resolveOtlpOptions } from './resolve.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

function withVariables(variables: Readonly<Record<string, string>>, options: object = {}) {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
  return resolveOtlpOptions(options)
}

test('the defaults are those of OpenTelemetry', () => {
  expect(resolveOtlpOptions({})).toEqual({
    url: new URL('http://localhost:4318/v1/metrics'),
    headers: {},
    resource: {},
    interval: 60,
    timeout: 10,
    protocol: 'http/protobuf',
    compression: 'none',
  })
})

describe('the address', () => {
  test.each([
    ['http://collector:4318', 'http://collector:4318/v1/metrics'],
    ['http://collector:4318/', 'http://collector:4318/v1/metrics'],
    ['http://collector:4318/v1/metrics', 'http://collector:4318/v1/metrics'],
    ['https://example.org/otlp/?key=a', 'https://example.org/otlp/v1/metrics?key=a'],
    ['http://prometheus:9090/api/v1/otlp', 'http://prometheus:9090/api/v1/otlp/v1/metrics'],
  ])('%s is %s, as an option and as a variable', (given, url) => {
    expect(resolveOtlpOptions({ url: given }).url.href).toBe(url)
    expect(withVariables({ OTEL_EXPORTER_OTLP_ENDPOINT: given }).url.href).toBe(url)
  })

  test('for metrics alone is taken as it is, before the one for all signals', () => {
    const variables = {
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://metrics:4318/path',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://all:4318',
    }
    expect(withVariables(variables).url.href).toBe('http://metrics:4318/path')
    expect(withVariables(variables, { url: 'http://option:4318' }).url.href).toBe('http://option:4318/v1/metrics')
  })
})

test.each<[option: string, suffix: string, general: string, ofMetrics: string, values: [unknown, unknown, unknown]]>([
  ['protocol', 'PROTOCOL', 'http/protobuf', 'http/json', ['http/protobuf', 'http/json', 'http/protobuf']],
  ['compression', 'COMPRESSION', 'none', 'gzip', ['none', 'gzip', 'none']],
  ['timeout', 'TIMEOUT', '2000', '1500', [2, 1.5, 3]],
  ['certificate', 'CERTIFICATE', 'a.pem', 'b.pem', ['a.pem', 'b.pem', 'c.pem']],
  ['clientCertificate', 'CLIENT_CERTIFICATE', 'a.pem', 'b.pem', ['a.pem', 'b.pem', 'c.pem']],
  ['clientKey', 'CLIENT_KEY', 'a.pem', 'b.pem', ['a.pem', 'b.pem', 'c.pem']],
])('%s is an option before a variable for metrics before one for all signals', (option, suffix, ...rest) => {
  const [general, ofMetrics, values] = rest
  const all = { [`OTEL_EXPORTER_OTLP_${suffix}`]: general }
  const both = { ...all, [`OTEL_EXPORTER_OTLP_METRICS_${suffix}`]: ofMetrics }
  expect(withVariables(all)).toMatchObject({ [option]: values[0] })
  expect(withVariables(both)).toMatchObject({ [option]: values[1] })
  expect(withVariables(both, { [option]: values[2] })).toMatchObject({ [option]: values[2] })
})

test('the interval is a variable in milliseconds, and an option in seconds', () => {
  expect(withVariables({ OTEL_METRIC_EXPORT_INTERVAL: '15000' }).interval).toBe(15)
  expect(withVariables({ OTEL_METRIC_EXPORT_INTERVAL: '15000' }, { interval: 5 }).interval).toBe(5)
  expect(withVariables({ OTEL_METRIC_EXPORT_INTERVAL: '' }).interval).toBe(60)
})

test('headers are those of all sources, and differ in their case alone from none', () => {
  const variables = {
    OTEL_EXPORTER_OTLP_HEADERS: ' Authorization = Basic%20YTpi= , X-A=all,,',
    OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'x-a=metrics,x-b=metrics',
  }
  expect(withVariables(variables, { headers: { 'X-B': 'option' } }).headers).toEqual({
    authorization: 'Basic YTpi=',
    'x-a': 'metrics',
    'x-b': 'option',
  })
})

test('attributes of the resource are those of all sources', () => {
  const variables = { OTEL_RESOURCE_ATTRIBUTES: 'service.name=a,team=all,zone=1%2C2', OTEL_SERVICE_NAME: 'shop' }
  const resource = { 'service.name': 'shop', team: 'option', zone: '1,2' }
  expect(withVariables(variables, { resource: { team: 'option' } }).resource).toEqual(resource)
})

describe('wrong options are rejected by their names', () => {
  test.each<[string, object, string]>([
    ['ERR_PROMHERD_UNKNOWN_OPTION', { otpl: {} }, 'Did you mean `otlp`?'],
    ['ERR_PROMHERD_UNKNOWN_OPTION', { otlp: { urls: '' } }, 'Did you mean `url`?'],
    ['ERR_PROMHERD_BAD_OPTION', {}, '`forward.otlp`'],
    ['ERR_PROMHERD_BAD_OPTION', { otlp: 'http://localhost' }, '`forward.otlp`'],
    ['ERR_PROMHERD_BAD_OPTION', { otlp: { url: 'localhost:4318' } }, '`forward.otlp.url`'],
    ['ERR_PROMHERD_BAD_OPTION', { otlp: { url: 'ftp://localhost' } }, '`forward.otlp.url`'],
    ['ERR_PROMHERD_BAD_OPTION', { otlp: { interval: 0 } }, '`forward.otlp.interval`'],
    ['ERR_PROMHERD_BAD_OPTION', { otlp: { interval: Number.NaN } }, '`forward.otlp.interval`'],
    ['ERR_PROMHERD_BAD_OPTION', { otlp: { timeout: 1e9 } }, '`forward.otlp.timeout`'],
    ['ERR_PROMHERD_BAD_OPTION', { otlp: { protocol: 'grpc' } }, 'gRPC is not supported'],
    ['ERR_PROMHERD_BAD_OPTION', { otlp: { compression: 'zstd' } }, '`forward.otlp.compression`'],
    ['ERR_PROMHERD_BAD_OPTION', { otlp: { headers: { 'a b': 'c' } } }, '`forward.otlp.headers`'],
    ['ERR_PROMHERD_BAD_OPTION', { otlp: { headers: { a: 'b\nc' } } }, '`forward.otlp.headers`'],
    ['ERR_PROMHERD_BAD_OPTION', { otlp: { resource: { a: 1 } } }, '`forward.otlp.resource`'],
    [
      'ERR_PROMHERD_BAD_OPTION',
      { otlp: { url: 'https://localhost', certificate: '/no/such/file' } },
      '`forward.otlp.certificate`',
    ],
  ])('%s: %j', (code, options, message) => {
    const act = (): unknown => forward(options as never)
    expect(act).toThrow(message)
    expect(act).toThrow(expect.objectContaining({ code }))
  })

  test.each<[name: string, value: string]>([
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'localhost:4318'],
    ['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', 'grpc://localhost:4317'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
    ['OTEL_EXPORTER_OTLP_METRICS_PROTOCOL', 'grpc'],
    ['OTEL_EXPORTER_OTLP_COMPRESSION', 'br'],
    ['OTEL_EXPORTER_OTLP_TIMEOUT', 'soon'],
    ['OTEL_METRIC_EXPORT_INTERVAL', '-1'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'secret'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=%zz-secret'],
    ['OTEL_EXPORTER_OTLP_METRICS_HEADERS', 'a=%0Asecret'],
    ['OTEL_RESOURCE_ATTRIBUTES', '=a'],
  ])('%s=%s', (name, value) => {
    vi.stubEnv(name, value)
    const act = (): unknown => forward({ otlp: {} })
    expect(act).toThrow(`Expected \`${name}\``)
    expect(act).toThrow(expect.objectContaining({ code: 'ERR_PROMHERD_BAD_OPTION' }))
    // A list of headers can have secrets.
    expect(act).not.toThrow('secret')
  })
})
