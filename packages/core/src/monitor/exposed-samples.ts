import type { PromSample } from '../clients/registry.ts'
import type { Family } from '../snapshot/snapshot.ts'

/** Converts a family of a snapshot to the samples that prom-client renders. */
export function samplesOf(family: Family): PromSample[] {
  if (family.type === 'histogram') return family.labels.flatMap((labels, i) => histogramSamples(family, labels, i))
  if (family.type === 'summary') return summarySamples(family)
  return family.labels.map((labels, i) => ({ labels: named(family.labelNames, labels), value: family.values.get(i) }))
}

function histogramSamples(family: Family, values: readonly string[], index: number): PromSample[] {
  const { name, buckets } = family
  const labels = named(family.labelNames, values)
  const numbers = family.values.of(index)
  let count = 0
  const samples: PromSample[] = [...buckets, '+Inf'].map((le, i) => {
    count += numbers[i]!
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count }
  })
  samples.push({ metricName: `${name}_sum`, labels, value: numbers.at(-1)! })
  samples.push({ metricName: `${name}_count`, labels: { ...labels }, value: count })
  return samples
}

function summarySamples({ name, labelNames, labels, values, quantiles }: Family): PromSample[] {
  const samples: PromSample[] = (quantiles?.labels ?? []).map((each, i) => ({
    labels: named(quantiles!.labelNames, each),
    value: quantiles!.values.get(i),
  }))
  labels.forEach((each, i) => {
    samples.push({ metricName: `${name}_sum`, labels: named(labelNames, each), value: values.get(i, 0) })
    samples.push({ metricName: `${name}_count`, labels: named(labelNames, each), value: values.get(i, 1) })
  })
  return samples
}

function named(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']))
}
