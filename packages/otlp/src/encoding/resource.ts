import { hostname } from 'node:os'
import type { Attribute } from './metric.ts'

/**
 * The attributes of the resource to which the metrics belong. `service.name` becomes the label `job` in Prometheus, and
 * `service.instance.id` the label `instance`. Two herds of a service may share a host, so the instance is the herd: it
 * stays the same while the counters continue, whichever process sends them.
 */
export function resourceOf(given: Readonly<Record<string, string>>, herd: string): readonly Attribute[] {
  const attributes = {
    'service.name': 'unknown_service:node',
    'service.instance.id': `${hostname()}/${herd}`,
    ...given,
  }
  return Object.entries(attributes)
}
