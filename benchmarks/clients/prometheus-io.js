import client from '@prometheus-io/client'
import { openRegistry } from './registry.js'

export function open(settings) {
  return openRegistry(client, settings)
}
