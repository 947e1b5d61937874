/** The types of what the tests use of the verdict. */

export interface LoadNumbers {
  readonly received: number
  readonly broken: number
  readonly refused: number
}

export interface HerdNumbers {
  readonly counted: number
  readonly aborted: number
  readonly lost: number
  readonly restarts: number
  readonly internalErrors: number
  readonly counters: readonly string[]
}

export interface PrometheusNumbers {
  readonly fell: readonly { readonly name: string; readonly resets: number }[]
  readonly scrapes: number
  readonly failed: number
}

export interface Judged {
  readonly missing: number
  readonly invented: number
  readonly resets: number
}

export function judge(numbers: { load: LoadNumbers; herd: HerdNumbers; prometheus: PrometheusNumbers }): Judged
