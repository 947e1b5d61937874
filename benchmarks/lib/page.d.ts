import type { Report } from './document.js'

/** See page.js: for the tests, which are typed. */
export function pageOf(results: Readonly<Record<string, Report>>): string
