import { BENCHMARKS } from './benchmarks.js'

/** The page of the results: made from the data alone, so that a test can hold the two equal. */

const HEAD = `# Benchmarks

Written by \`npm run bench -- --write\` from \`benchmarks/results.json\`; \`npm run bench -- record --write\` measures and
replaces one chapter. The figures are facts of one run on the machine that each chapter names: elsewhere they are
others, so believe the ratios. Each is the median of several rounds, with the least and the most of them; the sides run
in fresh processes that take turns. A reach is what the project wants of a figure, met or not.`

/** The page as Markdown. */
export function pageOf(results) {
  const chapters = Object.keys(BENCHMARKS).map(name => chapterOf(name, results[name]))
  return `${[HEAD, ...chapters].join('\n\n')}\n`
}

function chapterOf(name, report) {
  const title = `## ${name}\n\n${BENCHMARKS[name].question}`
  if (report === undefined) return `${title}\n\nNot measured yet: \`npm run bench -- ${name} --write\`.`
  const { machine, settings, figures, checks } = report
  const facts = [
    ['machine', machine],
    ['settings', settings],
    ['checks', checks],
  ]
  const lists = facts.map(([what, object]) => `- ${what}: ${listOf(object)}`)
  return [title, lists.join('\n'), tableOf(figures), ...leftOut(checks)].join('\n\n')
}

function listOf(object) {
  return Object.entries(object)
    .filter(([key]) => key !== 'left_out')
    .map(([key, value]) => `${key} ${value}`)
    .join(', ')
}

function leftOut({ left_out: what }) {
  return what === undefined ? [] : [`**Left out:** ${what}`]
}

function tableOf(figures) {
  const rows = Object.entries(figures).map(([key, { what, unit, min, value, max, reach, met }]) => {
    const cells = [`\`${key}\``, what, unit, min, value, max, reach, met === undefined ? '' : met ? 'yes' : '**no**']
    return `| ${cells.map(cell => cell ?? '').join(' | ')} |`
  })
  return [
    '| figure | what it is | unit | min | median | max | reach | met |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}
