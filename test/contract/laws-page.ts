import { PAGES } from './chapters.ts'

/** The text of `docs/laws.md`. */
export function lawsPage(): string {
  return `${[HEAD, ...PAGES].join('\n\n')}\n`
}

const HEAD = `# Laws

Written by \`npm run docs\` from the contract suite, \`test/contract\` and \`test/options\`, which tests each of them on each
of the subjects. ✓ is a law that is kept. *cannot* is one that is not, for the reason that is named; what happens instead
is tested too.

The route of a request is the template of what answered it, or one of five fixed texts: \`_unmatched\` where no route
answered and the status is 404, or 405 or 501 for the method; \`_middleware\` where something else than a route answered;
\`_refused\` where Node answered before the application heard of it; \`_batch\` where one request called several procedures
of tRPC; \`_unknown\` where the framework does not report one. A path is never a label.`
