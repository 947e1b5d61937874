import { DURATION, REQUESTS } from '../clients/names.js'
import { herdDirectory } from '../lib/directory.js'
import { answer, settingsOfThisProcess } from '../lib/fresh.js'
import { digestOf } from '../lib/samples.js'
import { cpuNsOf } from '../lib/undisturbed.js'
import { exchanges, STATUSES } from '../lib/workload.js'

/** The CPU time of recording an exchange in one way. This process measures nothing else. */

const { client, storage, records, halfErrors } = settingsOfThisProcess()
const mix = exchanges(4096, halfErrors ? STATUSES : undefined)
const directory = storage === 'memory' ? undefined : herdDirectory()
const { open } = await import(`../clients/${client}.js`)
const { record, text, close } = open({ storage, directory: directory?.path, series: 1000, counter: true })

repeat(Math.min(records, 200_000))
const ns = cpuNsOf(records, repeat)
const { samples, digest } = digestOf(await text(), [DURATION, REQUESTS])
await close()
directory?.remove()
answer({ ns, samples, digest })

function repeat(times) {
  for (let i = 0; i < times; i++) record(mix[i & 4095])
}
