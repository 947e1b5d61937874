import cluster from 'node:cluster'
import { rmSync } from 'node:fs'

// Ends the herd when the demo that started it is gone, however it went, and then clears up in its place.
if (cluster.isPrimary && process.channel) {
  process.on('disconnect', () => {
    process.on('exit', () => rmSync(process.env.PROMETHEUS_MULTIPROC_DIR, { recursive: true, force: true }))
    process.kill(process.pid, 'SIGTERM')
  })
  process.channel.unref()
}
