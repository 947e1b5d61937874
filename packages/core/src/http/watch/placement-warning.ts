/** Warns that requests are answered before the adapter sees them. */
export function warnBehindRoutes(): void {
  process.emitWarning(BEHIND_ROUTES, 'PromherdWarning')
}

const BEHIND_ROUTES =
  'Requests are answered before `prometheus` of promherd sees them, so their routes and times are missing. Use it before the first route.'
