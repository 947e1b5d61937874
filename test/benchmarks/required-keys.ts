/** The figures that the project is measured by. Whoever reads the JSON of a benchmark finds them there by these keys. */
export const REQUIRED_KEYS: Readonly<Record<string, readonly string[]>> = {
  record: ['record.ns', 'record.ratio_vs_prom_client', 'record.clock_ns', 'record.counter_bound_ns'],
  request: ['express', 'fastify', 'koa', 'hono'].flatMap(framework => [
    `request.${framework}.added_us`,
    `request.${framework}.ratio_vs_best_peer`,
  ]),
  scrape: ['scrape.ratio_vs_prom_client'],
  startup: ['startup.ratio_vs_express_prom_bundle'],
  growth: ['growth.first_exponent', 'growth.second_exponent', 'growth.memory_exponent', 'growth.restarts_files'],
  memory: ['memory.ratio_vs_prom_client'],
  scale: ['scale.first_ms', 'scale.second_ms', 'scale.rss_mb'],
}
