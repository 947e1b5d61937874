/**
 * The minimum work to measure a request until its last byte was sent: two readings of the clock and one listener. Only
 * a sum is stored.
 */
export function timed(response) {
  response[STARTED_AT] = performance.now()
  response.on('close', onClose)
}

export const sum = { seconds: 0 }

function onClose() {
  sum.seconds += (performance.now() - this[STARTED_AT]) / 1000
}

const STARTED_AT = Symbol('started at')
