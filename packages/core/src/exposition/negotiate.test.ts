import { expect, test } from 'vitest'
import { negotiate } from './negotiate.ts'

const PROMETHEUS_2 =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
const PROMETHEUS_3 =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1'

test.each([
  [undefined, 'text'],
  ['', 'text'],
  ['*/*', 'text'],
  ['application/json', 'text'],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text'],
  [PROMETHEUS_2, 'openmetrics'],
  [PROMETHEUS_3, 'openmetrics'],
  ['application/openmetrics-text', 'openmetrics'],
  ['Application/OpenMetrics-Text; Version="1.0.0"; charset=utf-8', 'openmetrics'],
  ['application/openmetrics-text; version=0.0.1', 'text'],
  ['application/openmetrics-text; version=2.0.0, text/plain;q=0.1', 'text'],
  ['text/plain, application/openmetrics-text', 'openmetrics'],
  ['text/plain;q=0.5, application/openmetrics-text;q=0.5', 'openmetrics'],
  ['text/plain;q=0.6, application/openmetrics-text;q=0.5', 'text'],
  ['text/*;q=0.6, application/openmetrics-text;q=0.5', 'text'],
  ['*/*, application/openmetrics-text;q=0.5', 'text'],
  ['*/*, text/plain;q=0.1, application/openmetrics-text;q=0.5', 'openmetrics'],
  ['text/plain;version=1.0.0, application/openmetrics-text;q=0.5', 'openmetrics'],
  ['application/openmetrics-text;q=0', 'text'],
  ['application/openmetrics-text;q=lots', 'text'],
  ['application/*', 'text'],
  [',;,q=;=', 'text'],
])('Accept: %s is answered with %s', (accept, format) => {
  expect(negotiate(accept)).toBe(format)
})
