import { expect, test } from 'vitest'
import { unitOf } from './unit.ts'

test.each([
  ['http_request_duration_seconds', 's'],
  ['process_cpu_seconds_total', 's'],
  ['http_request_size_bytes', 'By'],
  ['network_transmit_bytes_per_second', 'By/s'],
  ['event_loop_utilization_ratio', '1'],
  ['job_milliseconds', 'ms'],
  ['room_celsius', 'Cel'],
  ['http_requests_total', ''],
  ['seconds', ''],
  ['things_per_second', ''],
  ['bytes_per_thing', ''],
  ['build_info', ''],
])('%s has the unit "%s"', (name, unit) => {
  expect(unitOf(name)).toBe(unit)
})
