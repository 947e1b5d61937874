import { inFreshProcess } from './lib/fresh.js'
import { figure, machine } from './lib/report.js'

/** A very large herd: the time and memory of its primary. There is no other library to compare with. */
export async function scale({ quick, workers = quick ? 4 : 64, series = quick ? 50 : 10_000 }) {
  const settings = { workers, series, processes: 1 }
  const result = await inFreshProcess(new URL('./scrape/promherd.js', import.meta.url), settings)
  const ms = (what, value, reach) => figure(what, 'ms', { value }, reach)
  const figures = {
    'scale.first_ms': ms('the first scrape, which reads every name', result.first.ms, { atMost: 3_000 }),
    'scale.warm_ms': ms('the third, after 1 % of the series changed', result.changed.ms, { atMost: 400 }),
    'scale.second_ms': ms('the second scrape', result.second.ms),
    'scale.snapshot_ms': ms('of that time, reading and summing the stores', result.changed.snapshotMs),
    'scale.encode_ms': ms('of that time, writing the text', result.changed.encodeMs),
    'scale.first_block_ms': ms("the primary's longest block, first scrape", result.first.blockMs),
    'scale.block_ms': ms("the primary's longest block, third scrape", result.changed.blockMs),
    'scale.memory_mb': figure("the primary's peak resident memory", 'MB', { value: result.peakMb }, { atMost: 400 }),
    'scale.rss_mb': figure("the primary's resident memory at the end", 'MB', { value: result.rssMb }),
  }
  return { benchmark: 'scale', machine: machine(), settings, figures, checks: { samples: result.samples } }
}
