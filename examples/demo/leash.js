import cluster from 'node:cluster'
import { rmSync } from 'node:fs'

// Stops the herd when the demo that started it has exited, even if it was killed, and then removes its files.
if (cluster.isPrimary && process.channel) {
  process.on('disconnect', () => {
    process.on('exit', () => rmSync(process.env.PROMETHEUS_MULTIPROC_DIR, { recursive: true, force: true }))
    process.kill(process.pid, 'SIGTERM')
  })
  process.channel.unref()
}
