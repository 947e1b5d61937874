import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { certificate } from '../support/certificate.js'
import { startProcess } from '../support/process.js'
import { temporaryDirectory } from '../support/resources.js'
import { FIXTURES } from './herd.js'
import { Receiver } from './receiver.js'

/** Runs a program that ends after its first push, and the same one that does not forward. */
async function run(receiver: Receiver, way: string, forward: boolean, more: Readonly<Record<string, string>> = {}) {
  const directory = temporaryDirectory()
  onTestFinished(directory.remove)
  const goOn = join(directory.path, 'go-on')
  const options = JSON.stringify({ url: receiver.url, timeout: 60 })
  const env = { FORWARD: forward ? 'yes' : 'no', WAY: way, GO_ON: goOn, OTLP_OPTIONS: options, ...more }
  const running = await startProcess('node', [join(FIXTURES, 'alone.mjs')], { env })
  onTestFinished(() => running.stop('SIGKILL').then(() => {}))
  if (forward) await receiver.push('anything')
  const toldAt = Date.now()
  writeFileSync(goOn, '')
  const { code, signal } = await running.exited
  // In what Node shows of the stack of an error, its own timers may or may not be.
  const output = running.output().replaceAll(/^ +at .+\(node:internal.+\n/gm, '')
  return { took: Date.now() - toldAt, behaviour: { code, signal, output } }
}

test.each(['end', 'exit', 'signal', 'error'])(
  'a program ends by %s as it does without forwarding, at once',
  async way => {
    const receiver = await Receiver.start()
    receiver.answer('silence')
    const without = await run(receiver, way, false)
    expect(receiver.pushes).toEqual([])
    const forwarding = await run(receiver, way, true)
    expect(receiver.pushes).toHaveLength(1)
    expect(forwarding.behaviour).toEqual(without.behaviour)
    // The receiver still has not responded, and has 60 s to do so.
    expect(forwarding.took).toBeLessThan(30_000)
  },
)

test.each(['http', 'https'])(
  'so it does by %s where the receiver is found at the second of its addresses',
  async scheme => {
    const { key, cert } = certificate()
    const directory = temporaryDirectory()
    onTestFinished(directory.remove)
    const certificateFile = join(directory.path, 'cert.pem')
    writeFileSync(certificateFile, cert)
    const receiver = await Receiver.start(scheme === 'https' ? { tls: { key, cert } } : {})
    receiver.answer('silence')
    const env = { TWO_ADDRESSES: 'yes', OTEL_EXPORTER_OTLP_CERTIFICATE: certificateFile }
    const { took, behaviour } = await run(receiver, 'end', true, env)
    expect(behaviour.code).toBe(0)
    expect(took).toBeLessThan(30_000)
  },
)

test('a single process that waits for its forwarding to stop has sent all of its counts', async () => {
  const receiver = await Receiver.start()
  await run(receiver, 'stop', true)
  expect(receiver.pushes.map(push => push.sum('test_total'))).toEqual([1, 2])
})
