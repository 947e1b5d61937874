import { createMonitor, type Monitor } from '@promherd/core'
import type { PromRegistry } from '@promherd/core/prom-client'
import { afterEach } from 'vitest'
import { keyOf, samplesIn } from './samples.ts'

/** Monitors that copy prom-client registries, and what they serve. */

const open: Monitor[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map(monitor => monitor.close()))
})

/** Closes the monitors after the test. */
export function closeAfterTest(...monitors: readonly Monitor[]): void {
  open.push(...monitors)
}

/** A monitor without a directory that copies the registries. */
export function monitorOf(...promClient: PromRegistry[]): { monitor: Monitor; warnings: string[] } {
  const warnings: string[] = []
  const monitor = createMonitor({ promClient, onWarning: message => warnings.push(message) })
  open.push(monitor)
  return { monitor, warnings }
}

/** The samples that promherd serves of these families, without the label `worker` of quantiles. */
export async function served(monitor: Monitor, ...names: string[]): Promise<Map<string, number>> {
  const samples = new Map<string, number>()
  for (const [key, value] of samplesIn(await monitor.metrics())) {
    const [name, ...labels] = JSON.parse(key) as [string, ...[string, string][]]
    if (!names.includes(name.replace(/_(bucket|sum|count)$/, '')) && !names.includes(name)) continue
    samples.set(keyOf(name, Object.fromEntries(labels.filter(([label]) => label !== 'worker'))), value)
  }
  return samples
}

/** The number of errors of prom-client that were counted. */
export async function errorCount(monitor: Monitor): Promise<number | undefined> {
  return samplesIn(await monitor.metrics()).get(keyOf('promherd_internal_errors_total', { cause: 'prom_client' }))
}
