import type { Family, Monitor } from '@promherd/core'
import { expect } from 'vitest'

/** What a monitor has recorded, as plain objects. */

/** `{ 'GET /items/:id 200': 3 }` */
export async function requestsOf(monitor: Monitor): Promise<Record<string, number>> {
  return table(await familyOf(monitor, 'http_requests_total'))
}

/** `{ 'GET /items/:id not_found': 3 }` */
export async function errorsOf(monitor: Monitor): Promise<Record<string, number>> {
  return table(await familyOf(monitor, 'http_request_errors_total'))
}

/** `{ sse: 1, upgrade: 0 }` */
export async function streamsOf(monitor: Monitor): Promise<Record<string, number>> {
  return table(await familyOf(monitor, 'http_streams_open'))
}

/** The only number of a family. */
export async function numberOf(monitor: Monitor, name: string): Promise<number | undefined> {
  return (await familyOf(monitor, name))?.values.get(0)
}

/** `{ callback: 1 }`, without the causes that have none. */
export async function internalErrorsOf(monitor: Monitor): Promise<Record<string, number>> {
  const all = table(await familyOf(monitor, 'promherd_internal_errors_total'))
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0))
}

/** The seconds that all exchanges took together. */
export async function secondsOf(monitor: Monitor): Promise<number> {
  const family = await familyOf(monitor, 'http_request_duration_seconds')
  let seconds = 0
  for (let i = 0; i < (family?.labels.length ?? 0); i++) seconds += family!.values.of(i).at(-1)!
  return seconds
}

/** Waits until exactly this has been recorded and nothing is open any more. */
export async function settled(monitor: Monitor, requests: Record<string, number>): Promise<void> {
  await expect.poll(() => requestsOf(monitor), { timeout: 30_000, interval: 10 }).toEqual(requests)
  await expect.poll(() => numberOf(monitor, 'http_requests_in_flight'), { timeout: 30_000, interval: 10 }).toBe(0)
}

async function familyOf(monitor: Monitor, name: string): Promise<Family | undefined> {
  return (await monitor.snapshot()).families.find(family => family.name === name)
}

function table(family: Family | undefined): Record<string, number> {
  return Object.fromEntries((family?.labels ?? []).map((labels, i) => [labels.join(' '), family!.values.get(i)]))
}
