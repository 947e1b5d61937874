/** How many requests a variant has counted itself, read from what it exports, so that a check is of the real thing. */

/**
 * The sum of all samples called `name` in a Prometheus text.
 *
 * @param {string} text
 * @param {string} name
 */
export function sumOf(text, name) {
  let sum = 0
  for (const line of text.split('\n')) {
    const end = line.search(/[{ ]/)
    if (line.slice(0, end) === name) sum += Number(line.slice(line.lastIndexOf(' ') + 1))
  }
  return sum
}

/** The count of a variant of ours, through the default monitor that its adapter records into. */
export async function countedByOurs() {
  const { defaultMonitor } = await import('@promherd/core')
  return sumOf(await defaultMonitor().metrics(), 'http_requests_total')
}
