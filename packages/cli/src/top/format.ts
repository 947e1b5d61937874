/** Formats numbers for people, short enough for a column. A missing value is a dash, and never 0. */

export const ABSENT = '-'

export function count(value: number | null): string {
  return value === null ? ABSENT : grouped(Math.round(value))
}

/** A rate for each second. */
export function rate(value: number | null): string {
  if (value === null) return ABSENT
  if (value >= 100) return grouped(Math.round(value))
  return value === 0 ? '0' : value.toFixed(value < 1 ? 2 : 1)
}

export function percent(ratio: number | null): string {
  return ratio === null ? ABSENT : `${Math.round(ratio * 100)} %`
}

export function bytes(value: number | null): string {
  if (value === null) return ABSENT
  if (value < 1024 ** 3) return `${Math.round(value / 1024 ** 2)} MiB`
  return `${(value / 1024 ** 3).toFixed(1)} GiB`
}

/** A duration. */
export function seconds(value: number | null): string {
  if (value === null) return ABSENT
  if (value < 0.001) return `${Math.round(value * 1e6)} µs`
  if (value < 1) return `${digits(value * 1000)} ms`
  return `${digits(value)} s`
}

/** A time since an event. */
export function age(value: number | null): string {
  if (value === null) return ABSENT
  const whole = Math.floor(value)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min`
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`
}

function digits(value: number): string {
  return value < 10 ? value.toFixed(1) : String(Math.round(value))
}

function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}
