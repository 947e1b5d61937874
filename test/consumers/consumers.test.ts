import { afterAll, beforeAll } from 'vitest'
import { bundlerTests } from './bundled.ts'
import { makeProject, type Project } from './project.ts'
import { publishedTests } from './published.ts'
import { runnerTests } from './runners.ts'
import { typeTests } from './types.ts'

/** The packages as users install and use them. They are packed once for all tests. */
let project: Project
beforeAll(async () => {
  project = await makeProject()
}, 120_000)
afterAll(() => project?.remove())

publishedTests(() => project)
runnerTests(() => project)
typeTests(() => project)
bundlerTests(() => project)
