import { serveHerd } from '@promherd/core'

// Serves the metrics of all processes of the directory, and adds the counts of exited processes to the totals.
const herd = serveHerd()
const { url } = await herd.listening
console.log(`metrics on ${url}/metrics`)

process.on('SIGINT', async () => {
  await herd.close()
  process.exit(0)
})
