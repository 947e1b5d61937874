import { availableParallelism } from 'node:os'
import { basename } from 'node:path'
import { createMonitor } from '@promherd/core'
import { canMap, type ResolvedConfig } from '@promherd/core/config'
import { inColour, paintOf } from '../common/paint.ts'
import { setting, settingsOf, type Typed } from '../common/settings.ts'
import { promClients } from './clients.ts'
import { herdDirectory, metricsPort, nodeVersion, stores } from './environment.ts'
import { bad, type Finding } from './finding.ts'
import { reportOf } from './report.ts'

/** `promherd check`: prints its findings, and sets exit code 1 if one of them is bad. */
export async function check(typed: Typed, version: string): Promise<void> {
  const { stdout } = process
  const options = { width: stdout.columns ?? Number.POSITIVE_INFINITY, paint: paintOf(inColour(stdout)) }
  const resolved = await settingsOf(typed)
  const findings = await findingsOf(resolved)
  const file = resolved.file === undefined ? 'no configuration file' : `from ${basename(resolved.file)}`
  const report = { version, file, settings: resolved.settings, findings, plan: planOf(resolved) }
  stdout.write(reportOf(report, options))
  if (findings.some(({ level }) => level === 'bad')) process.exitCode = 1
}

async function findingsOf({ config, settings }: ResolvedConfig): Promise<Finding[]> {
  const { metrics, storage } = config
  const port = Number(setting(settings, 'metrics.port'))
  const directory = setting(settings, 'metrics.directory')
  return [
    nodeVersion(process.version),
    ...(metrics === false ? [] : [await metricsPort(port, String(setting(settings, 'metrics.host')))]),
    herdDirectory(directory === undefined ? undefined : String(directory)),
    stores(canMap(), storage),
    promClients(process.cwd()),
    ...(await httpOptions(config)),
  ]
}

/** Problems that only the recorder itself can detect. */
async function httpOptions({ http }: ResolvedConfig['config']): Promise<Finding[]> {
  if (http === undefined) return []
  // Nothing may be created in the herd's directory.
  delete process.env['PROMETHEUS_MULTIPROC_DIR']
  const monitor = createMonitor({ storage: 'memory', promClient: false })
  try {
    monitor.http(http)
    return []
  } catch (error) {
    return [bad('http', (error as Error).message)]
  } finally {
    await monitor.close()
  }
}

function planOf({ config, settings }: ResolvedConfig): string[] {
  const { metrics, threads } = config
  const setWorkers = setting(settings, 'workers')
  const workers = setWorkers === 'max' ? availableParallelism() : Number(setWorkers)
  const run =
    threads === undefined
      ? `run ${workers} worker ${workers === 1 ? 'process' : 'processes'}${setWorkers === 'max' ? ', one for each CPU' : ''}`
      : `run ${threads} threads in one process${setWorkers === 'max' ? '' : '; `workers` is not used'}`
  const where = `http://${setting(settings, 'metrics.host')}:${setting(settings, 'metrics.port')}/metrics`
  return [run, metrics === false ? 'serve no metrics' : `serve their metrics at ${where}`]
}
