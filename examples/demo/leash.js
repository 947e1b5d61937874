import cluster from 'node:cluster'

// Ends the herd when the demo that started it is gone, however it went.
if (cluster.isPrimary && process.channel) {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel.unref()
}
