import { serveHerd } from '@promherd/core'

// Serves what all processes of the directory have counted, and adds the counts of the dead to the totals.
const herd = serveHerd()
const { url } = await herd.listening
console.log(`metrics on ${url}/metrics`)

process.on('SIGINT', async () => {
  await herd.close()
  process.exit(0)
})
