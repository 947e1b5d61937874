import type { Report } from './document.js'

/** See results.js: for the tests, which are typed. */
export function readResults(): Record<string, Report>
export function resultsWith(results: Record<string, Report>, reports: readonly Report[]): Record<string, Report>
