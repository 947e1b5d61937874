/** The required figures. Programs that read the JSON of a benchmark find them by these keys. */
export const REQUIRED_KEYS: Readonly<Record<string, readonly string[]>> = {
  record: ['record.ns', 'record.ratio_vs_prom_client', 'record.clock_ns', 'record.counter_bound_ns'],
  request: ['express', 'fastify', 'koa', 'hono'].flatMap(framework => [
    `request.${framework}.added_us`,
    `request.${framework}.ratio_vs_best_peer`,
  ]),
  preload: ['express', 'fastify', 'koa', 'hono'].flatMap(framework => [
    `request.${framework}.preload_ratio_vs_adapter`,
    `request.${framework}.preload_us`,
  ]),
  scrape: [
    'scrape.ratio_vs_prom_client',
    'scrape.primary_max_block_ms',
    'scrape.worker_cpu_ms',
    'scrape.worker_max_block_ms',
    'scrape.second_vs_first_ratio',
  ],
  latency: ['scrape.p99_ms'],
  copy: ['copy.unchanged_1000_ms'],
  sampling: ['sampling.cpu_percent'],
  startup: ['startup.ratio_vs_express_prom_bundle', 'startup.auto_import_ms'],
  growth: ['growth.first_exponent', 'growth.second_exponent', 'growth.memory_exponent', 'growth.restarts_files'],
  memory: ['memory.ratio_vs_prom_client'],
  scale: ['scale.first_ms', 'scale.second_ms', 'scale.rss_mb'],
  redis: [
    'redis.forward_cpu_percent',
    'redis.forward_round_trips',
    'redis.cold_ms',
    'redis.warm_ms',
    'redis.memory_mb',
    'redis.cold_exponent',
    'redis.memory_exponent',
    'redis.prom_client.warm_ms',
  ],
}
