import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { get, release, startShared, until } from './running.ts'

const shared = startShared()

test('a scrape sends no message to any worker', async () => {
  const running = await shared()
  for (let i = 0; i < 20; i++) await running.scrape()
  const answers = new Set<string>()
  while (answers.size < 2) answers.add((await get(running.appUrl('/messages'))).body)
  const messages = [...answers].map(answer => answer.split(' ')[1])
  expect(messages).toEqual(['0', '0'])
})

test('the metrics port serves the sums of all workers', async () => {
  const running = await shared()
  const before = (await running.scrape()).value('test_total') ?? 0
  const served = new Set<string>()
  for (let i = 0; i < 30; i++) served.add((await get(running.appUrl())).body.split(' ')[0]!)
  const samples = await running.scrape()
  expect([...served].sort()).toEqual(['1', '2'])
  expect(samples.value('test_total')).toBe(before + 30)
  expect(samples.value('promherd_workers_target')).toBe(2)
  expect(samples.value('promherd_workers{state="running"}')).toBe(2)
  expect(samples.value('promherd_worker_restarts_total{worker="2",reason="crash"}')).toBe(0)
})

test('promtool accepts the metrics', async () => {
  execFileSync('promtool', ['check', 'metrics'], { input: (await (await shared()).scrape()).text })
})

test('the metrics port responds on its four paths, and with 404 on others', async () => {
  const running = await shared()
  const answer = async (path: string, method = 'GET') => await get(running.metricsUrl(path), { method })
  expect(await answer('/-/healthy')).toMatchObject({ status: 200, body: 'Healthy.\n' })
  expect(await answer('/-/ready')).toMatchObject({ status: 200, body: 'Ready.\n' })
  expect((await answer('/')).body).toContain('2 workers, 2 running.')
  expect((await answer('/')).headers['content-type']).toBe('text/html; charset=utf-8')
  const metrics = await answer('/metrics')
  expect(metrics.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(metrics.headers['content-length']).toBe(String(Buffer.byteLength(metrics.body)))
  expect(await answer('/metrics', 'HEAD')).toMatchObject({ status: 200, body: '' })
  expect((await answer('/nothing')).status).toBe(404)
  const refused = await answer('/metrics', 'POST')
  expect(refused.status).toBe(405)
  expect(refused.headers['allow']).toBe('GET, HEAD')
})

test('messages of the application are not changed', async () => {
  const running = await shared()
  const held = get(running.appUrl('/held'))
  await until('the message', () =>
    running.all('message').some(message => (message as { of?: string }).of === 'the user'),
  )
  for (const worker of [1, 2]) release((await running.pidOf(worker))!)
  expect((await held).status).toBe(200)
})

test('a worker whose event loop is blocked delays no scrape, and is included and reported as hung', async () => {
  const running = await shared()
  const before = (await running.scrape()).value('test_total') ?? 0
  for (let i = 0; i < 10; i++) await get(running.appUrl())
  let isBlocked = true
  const blocked = get(running.appUrl('/block?ms=10000')).finally(() => {
    isBlocked = false
  })
  const age = (worker: number) => `promherd_worker_heartbeat_age_seconds{worker="${worker}"}`
  const hung = await until('a heartbeat that is too old', async () => {
    const samples = await running.scrape()
    expect(isBlocked).toBe(true)
    const old = [1, 2].filter(worker => samples.value(age(worker))! > 3)
    return old.length === 1 ? { worker: old[0], samples } : undefined
  })
  expect(hung.samples.value('test_total')).toBe(before + 11)
  expect(Number((await blocked).body.split(' ')[0])).toBe(hung.worker)
})
