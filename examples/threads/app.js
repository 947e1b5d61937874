import { createServer } from 'node:http'
import { threadId } from 'node:worker_threads'
import { counter, instrumentServer } from '@promherd/core'

// The use of a thread: work that would block all other requests of a process with one event loop.
const primes = counter({ name: 'primes_found_total', help: 'Primes that were found.' })

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost')
  if (url.pathname === '/primes') {
    request.route = '/primes'
    const found = countPrimes(Math.min(Number(url.searchParams.get('below')) || 1000, 1_000_000))
    primes.inc(found)
    json(response, 200, { found, worker: process.env.PROMHERD_WORKER, thread: threadId })
  } else if (url.pathname === '/exit') {
    // Terminates this thread. Another thread replaces it, and its counts are kept.
    request.route = '/exit'
    response.on('close', () => process.exit(1))
    json(response, 200, { ends: process.env.PROMHERD_WORKER })
  } else json(response, 404, { error: 'not found' })
})

instrumentServer(server, { route: request => request.route })

function countPrimes(below) {
  let found = 0
  for (let n = 2; n < below; n++) if (isPrime(n)) found++
  return found
}

function isPrime(n) {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false
  return true
}

function json(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const port = Number(process.env.PORT ?? 3000)
server.listen(port, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${port}/ in thread ${threadId}`))
