/** What every client is asked to record, whoever counts: a histogram of exchanges, and the counter of them. */

export const DURATION = 'http_request_duration_seconds'
export const REQUESTS = 'http_requests_total'
export const HELP = 'The same for all.'
/** The same as a metric of the user's in promherd, which keeps the first name for itself. */
export const OWN_DURATION = 'bench_duration_seconds'
