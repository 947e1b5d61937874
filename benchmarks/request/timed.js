/**
 * The least that anything does that times a request until its last byte has left: two readings of the clock and one
 * listener, which nothing is kept of but a sum.
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
