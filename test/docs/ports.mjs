import net from 'node:net'

/**
 * Loaded before a block of a document: a server that asks for a port gets a free one of the loopback, and says which.
 * So a block may say `listen(3000)`, as a reader would, and takes no port of another program.
 */
const listen = net.Server.prototype.listen

net.Server.prototype.listen = function (...args) {
  this.once('listening', () => {
    const address = this.address()
    if (typeof address === 'object') process.stdout.write(`\nlistening on port ${address.port}\n`)
  })
  return listen.apply(this, args.map(withFreePort))
}

function withFreePort(arg, i) {
  if (i === 0 && (typeof arg === 'number' || (typeof arg === 'string' && /^\d+$/.test(arg)))) return 0
  if (i === 0 && typeof arg === 'object' && arg !== null && 'port' in arg) return { ...arg, port: 0 }
  return arg
}
