import { readFileSync } from 'node:fs'

/** The JSON report of Vitest; undefined if the run ended before it was written. */
export function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

/** The lines that end a run; the last one is for programs to read. */
export function summaryOf(report, { code, skipped }) {
  const files = report?.testResults ?? []
  const tests = files.flatMap(file => file.assertionResults)
  const count = status => tests.filter(test => test.status === status).length
  // A file that cannot be loaded has no failed test, so it counts as one.
  const broken = files.filter(file => file.status === 'failed' && !file.assertionResults.some(isFailed))
  const passed = count('passed')
  const failed = count('failed') + broken.length
  const left = tests.length - passed - count('failed')

  const lines = ['']
  if (report === undefined) lines.push(`The test run ended without a report (exit code ${code}).`)
  for (const file of broken) lines.push(`Failed as a whole: ${file.name}`)
  if (skipped.length > 0) {
    lines.push('!'.repeat(72), `!! NOT EVERYTHING WAS TESTED: PROMHERD_SKIP left out ${skipped.join(', ')}`)
    for (const test of tests.filter(test => !isDone(test))) lines.push(`!!   skipped: ${test.fullName}`)
    lines.push('!'.repeat(72))
  }
  lines.push(`tests: ${passed} passed, ${failed} failed${left > 0 ? `, ${left} skipped` : ''}`)
  return lines
}

function isFailed({ status }) {
  return status === 'failed'
}

function isDone({ status }) {
  return status === 'passed' || status === 'failed'
}
