/** See document.js and report.js: for the tests, which are typed. */
export interface Figure {
  readonly what: string
  readonly unit: string
  readonly value: number
  readonly min?: number
  readonly max?: number
  readonly reach?: string
  readonly met?: boolean
}

export interface Report {
  readonly benchmark: string
  readonly machine: Readonly<Record<string, string | number>>
  readonly settings: Readonly<Record<string, unknown>>
  readonly figures: Readonly<Record<string, Figure>>
  readonly checks: Readonly<Record<string, unknown>>
}

export function documentOf(reports: readonly Report[]): Report
