import { alternate, inFreshProcess } from './lib/fresh.js'
import { figure, machine, spread } from './lib/report.js'

/** The CPU time of the self metrics of an idle worker, as a share of one core. */
export async function sampling({ quick }) {
  const settings = { rounds: quick ? 1 : 3, idleMs: quick ? 300 : 3000, collections: quick ? 50 : 2000 }
  const script = new URL('./sampling/side.js', import.meta.url)
  const sides = ['nothing', 'delay', 'node_delay', 'monitor', 'no_observer', 'observer']
  const results = await alternate(settings.rounds, sides, side => inFreshProcess(script, { ...settings, side }))
  const cpuMs = side => results[side].map(result => result.cpuMs)
  const percent = side => added(cpuMs(side), cpuMs('nothing'), 100 / settings.idleMs)
  const figures = {
    'sampling.cpu_percent': figure('sampling the delay of the event loop', '%', percent('delay'), { atMost: 0.1 }),
    'sampling.node_delay_percent': figure("Node's monitorEventLoopDelay instead", '%', percent('node_delay')),
    'sampling.monitor_percent': figure('all work of an idle monitor, including this sampling', '%', percent('monitor')),
    'sampling.collection_us': figure(
      'observing one garbage collection',
      'µs',
      added(cpuMs('observer'), cpuMs('no_observer'), 1000 / settings.collections),
    ),
  }
  const checks = { samples: Math.min(...results.delay.map(({ samples }) => samples)) }
  return { benchmark: 'sampling', machine: machine(), settings, figures, checks }
}

/** The CPU time that a side adds to the same process without it, round by round. */
function added(cpuMs, withoutMs, factor) {
  return spread(cpuMs.map((ms, round) => (ms - withoutMs[round]) * factor))
}
