import { expect, test } from 'vitest'
import { get, until } from '../cluster/running.ts'
import { filesOf, startListening } from './running.ts'

/** What threads leave behind when they have ended: nothing. */

test('sixteen restarts leave the same series, no files, and no memory', async () => {
  const running = await startListening({ options: { threads: 4 } })
  const measured = async () => {
    const samples = await until('two samples of each worker, which a ratio takes', async () => {
      for (let i = 0; i < 20; i++) await get(running.appUrl())
      const samples = await running.scrape()
      const ratios = samples.series.filter(series => series.startsWith('promherd_worker_event_loop_utilization_ratio'))
      const requests = samples.series.filter(series => series.startsWith('promherd_worker_requests_total'))
      return ratios.length === 4 && requests.length === 4 ? samples : undefined
    })
    return { samples, files: filesOf(running.pid) }
  }
  const before = await measured()
  for (let i = 0; i < 4; i++) expect(await running.call('reload')).toBe(true)
  const after = await measured()
  expect(after.samples.restarts).toEqual({ reload: 16 })
  expect(after.samples.series).toEqual(before.samples.series)
  expect(after.files.mapped).toBe(before.files.mapped)
  // What the scrapes have open varies by a few; 16 threads would leave 16 at least.
  expect(after.files.open).toBeLessThan(before.files.open + 12)
})
