import { createMonitor, type Monitor } from '@promherd/core'
import type { PromRegistry } from '@promherd/core/prom-client'
import { afterEach } from 'vitest'
import { keyOf, samplesIn } from './samples.ts'

/** A monitor that copies some registries, and what it serves of them. */

const open: Monitor[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map(monitor => monitor.close()))
})

/** Has the monitors closed after the test. */
export function opened(...monitors: readonly Monitor[]): void {
  open.push(...monitors)
}

/** A process alone whose monitor copies the registries. */
export function herdOf(...promClient: PromRegistry[]): { monitor: Monitor; warnings: string[] } {
  const warnings: string[] = []
  const monitor = createMonitor({ promClient, onWarning: message => warnings.push(message) })
  open.push(monitor)
  return { monitor, warnings }
}

/** What promherd serves of the families with these names, without the worker that quantiles are kept apart by. */
export async function served(monitor: Monitor, ...names: string[]): Promise<Map<string, number>> {
  const kept = new Map<string, number>()
  for (const [key, value] of samplesIn(await monitor.metrics())) {
    const [name, ...labels] = JSON.parse(key) as [string, ...[string, string][]]
    if (!names.includes(name.replace(/_(bucket|sum|count)$/, '')) && !names.includes(name)) continue
    kept.set(keyOf(name, Object.fromEntries(labels.filter(([label]) => label !== 'worker'))), value)
  }
  return kept
}

/** How many failures around prom-client were counted. */
export async function troubles(monitor: Monitor): Promise<number | undefined> {
  return samplesIn(await monitor.metrics()).get(keyOf('promherd_internal_errors_total', { cause: 'prom_client' }))
}
