import client from 'prom-client'
import { openRegistry } from './registry.js'

export function open(settings) {
  return openRegistry(client, settings)
}
