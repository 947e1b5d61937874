/**
 * Options of other packages (express-prom-bundle, express-prometheus-middleware, prometheus-api-metrics,
 * fastify-metrics, @hono/prometheus, @willsoto/nestjs-prometheus, prom-client), and what to use in promherd instead.
 */

const METRICS_ROUTE =
  'Leave it out: mount `metricsHandler()` at the path that you want, or let the metrics port serve the metrics.'

const SHARED: Readonly<Record<string, readonly string[]>> = {
  'Use `labels`, which takes a constant or a function for each label.': [
    'customLabels',
    'labelNames',
    'additionalLabels',
    'extraLabels',
    'defaultLabels',
    'transformLabels',
    'extractAdditionalLabelValuesFn',
    'getLabelValues',
  ],
  'Use `ignore`, which takes paths, regular expressions or a function.': [
    'ignoreRoutes',
    'ignorePaths',
    'ignoredRoutes',
    'routesToIgnore',
    'exclude',
    'excludeRoutes',
    'excludePaths',
    'excludedRoutes',
    'routeBlacklist',
    'blacklist',
    'groups',
    'bypass',
    'skip',
    'filter',
    'filters',
  ],
  'Leave it out: the labels `method`, `route` and `status_code` are always there.': [
    'includeMethod',
    'includePath',
    'includeStatusCode',
    'includeStatus',
    'includeRoute',
  ],
  'Leave it out: Prometheus itself adds `up` to each target.': ['includeUp'],
  'Leave it out: a query is never part of a route.': ['includeQueryParams', 'includeQuery'],
  'Use `buckets`, in seconds.': [
    'durationBuckets',
    'requestDurationBuckets',
    'latencyBuckets',
    'histogramBuckets',
    'timeBuckets',
  ],
  'Use `bodySize: true` to measure bodies.': [
    'requestSizeBuckets',
    'responseSizeBuckets',
    'requestLengthBuckets',
    'responseLengthBuckets',
  ],
  'Leave it out: durations are a histogram, and `histogram_quantile()` computes quantiles of a whole herd.': [
    'percentiles',
    'metricType',
    'metricTypes',
    'ageBuckets',
    'maxAgeSeconds',
    'pruneAgedBuckets',
    'summary',
  ],
  'Routes are templates. Use `normalizeRoute` where one is to be changed.': [
    'normalizePath',
    'pathNormalizer',
    'pathTransform',
    'urlValueParser',
    'urlPathReplacement',
    'urlNormalizer',
    'extraMasks',
    'normalizeUrl',
  ],
  'Leave it out: the status is recorded as it was sent, and a query can group it: `status_code=~"5.."`.': [
    'normalizeStatus',
    'formatStatusCode',
    'groupStatusCodes',
    'statusCodeGrouping',
  ],
  "Leave it out: names are fixed, and `naming: 'opentelemetry'` has those of OpenTelemetry.": [
    'prefix',
    'metricPrefix',
    'metricsPrefix',
    'customMetricPrefix',
    'namespace',
    'name',
    'metricName',
    'httpDurationMetricName',
    'requestDurationMetricName',
    'useUniqueHistogramName',
    'metricOptions',
    'routeMetrics',
  ],
  'Leave it out: metrics of the process are always there.': [
    'collectDefaultMetrics',
    'collectGCMetrics',
    'defaultMetrics',
    'defaultMetricsInterval',
    'enableDefaultMetrics',
    'nodeMetrics',
  ],
  'Leave it out: the metrics of prom-client are served too. `createMonitor({ promClient })` takes other registries.': [
    'register',
    'registers',
    'registry',
    'registries',
    'promRegistry',
    'promClient',
    'client',
    'clearRegisterOnInit',
  ],
  'Leave it out: put a middleware of your own before the route of the metrics.': ['authenticate', 'auth', 'basicAuth'],
  'Leave it out: metrics are read by Prometheus. `@promherd/redis` forwards them.': ['pushgateway', 'pushGateway'],
}

const OF_RECORDING: Readonly<Record<string, readonly string[]>> = {
  [METRICS_ROUTE]: [
    'path',
    'metricsPath',
    'metricsRoute',
    'endpoint',
    'endpointPath',
    'url',
    'autoregister',
    'autoRegister',
    'metricsApp',
    'port',
    'controller',
  ],
}

const OF_HANDLER: Readonly<Record<string, readonly string[]>> = {
  'Leave it out: the path is that of the route that the handler is given to.': [
    'path',
    'metricsPath',
    'endpoint',
    'endpointPath',
    'url',
    'route',
  ],
  'Leave it out: `Accept` decides, and `Accept-Encoding` whether the response is compressed.': [
    'contentType',
    'format',
    'openMetrics',
    'gzip',
    'compress',
  ],
}

/** What to use instead, by the name of the option. */
type ForeignOptions = ReadonlyMap<string, string>

function byName(...tables: readonly Readonly<Record<string, readonly string[]>>[]): ForeignOptions {
  return new Map(
    tables.flatMap(table =>
      Object.entries(table).flatMap(([remedy, names]) => names.map(name => [name, remedy] as const)),
    ),
  )
}

/** For functions that record HTTP exchanges. */
export const FOREIGN_OPTIONS: ForeignOptions = byName(SHARED, OF_RECORDING)

/** For `metricsHandler()`. */
export const FOREIGN_HANDLER_OPTIONS: ForeignOptions = byName(SHARED, OF_HANDLER)
