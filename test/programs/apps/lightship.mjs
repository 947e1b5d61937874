import { createServer } from 'node:http'
import { promisify } from 'node:util'
import { createLightship } from 'lightship'
import enableDestroy from 'server-destroy'

/** lightship calls its handlers one after the other; server-destroy ends the connections of the second server. */
const server = createServer((_request, response) => response.end('ok'))
const other = createServer((_request, response) => response.end('ok'))
enableDestroy(other)
const lightship = await createLightship()
lightship.registerShutdownHandler(async () => {
  console.log('handler', server.listening)
  await new Promise(resolve => server.close(resolve))
  console.log('closed')
})
lightship.registerShutdownHandler(async () => {
  console.log('handler', other.listening)
  await promisify(other.destroy)()
  console.log('destroyed')
})
lightship.signalReady()
server.listen(Number(process.env.PORT), '127.0.0.1')
other.listen(Number(process.env.OTHER_PORT), '127.0.0.1')
