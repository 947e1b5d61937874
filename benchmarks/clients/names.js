/** The metrics that every client records: a histogram and a counter of exchanges. */

export const DURATION = 'http_request_duration_seconds'
export const REQUESTS = 'http_requests_total'
export const HELP = 'The same for all.'
/** The same as a user's metric in promherd, which uses the first name for its own metric. */
export const OWN_DURATION = 'bench_duration_seconds'
