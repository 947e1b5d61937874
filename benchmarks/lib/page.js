import { BENCHMARKS } from './benchmarks.js'

/** The page of the results: created from the data only, so that a test can compare the two. */

const HEAD = `# Benchmarks

Written by \`npm run bench -- --write\` from \`benchmarks/results.json\`; \`npm run bench -- record --write\` measures and
replaces one chapter. The figures are those of one run on the machine that the chapter names. On other machines they
differ, so compare the ratios. Each figure is the median of several rounds, with the minimum and the maximum. The sides
run in fresh processes that take turns. A reach is the goal of the project for a figure, met or not.`

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
