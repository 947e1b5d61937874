/**
 * The moment at which a watched server gives a request to its application.
 *
 * Who is called in that moment, and knows neither the request nor its response, can tell by it that there is one: an
 * application may be asked by others than a server too.
 */

let isArriving = false

/** Begins the moment; `leave` ends it. */
export function arrive(): void {
  isArriving = true
}

/** Ends the moment. */
export function leave(): void {
  isArriving = false
}

/** True once for each request, for whoever asks first while the server gives it to its application. */
export function takeArrival(): boolean {
  const was = isArriving
  isArriving = false
  return was
}
