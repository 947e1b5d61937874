import { PAGES } from './chapters.ts'

/** The text of `docs/laws.md`. */
export function lawsPage(): string {
  return `${[HEAD, ...PAGES].join('\n\n')}\n`
}

const HEAD = `# Laws

Written by \`npm run docs\` from the contract suite in \`test/contract\` and \`test/options\`, which tests each law on
each subject. ✓ is a law that holds. *cannot* is a law that does not hold, for the reason in the note; the suite tests
what happens instead.

The route of a request is the template of the route that responded, or one of five fixed values: \`_unmatched\` if no
route responded and the status is 404, or 405 or 501 for the method; \`_middleware\` if another function than a route
responded; \`_refused\` if Node responded before it called the application; \`_batch\` if one request called several
procedures of tRPC; \`_unknown\` if the framework does not report a route. A path is never a label.`
