import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory } from './resources.ts'

/** A key and a certificate for localhost that nothing but a test believes. Made once in a process. */
export function certificate(): { readonly key: Buffer; readonly cert: Buffer } {
  if (made !== undefined) return made
  const directory = temporaryDirectory()
  try {
    const [key, cert] = [join(directory.path, 'key.pem'), join(directory.path, 'cert.pem')]
    const how = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
    ]
    execFileSync('openssl', ['req', '-x509', ...how, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    made = { key: readFileSync(key), cert: readFileSync(cert) }
    return made
  } finally {
    directory.remove()
  }
}

let made: { readonly key: Buffer; readonly cert: Buffer } | undefined
