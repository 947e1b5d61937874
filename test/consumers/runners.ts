import type { Project } from './project.ts'
export function testRunnerTests(_project: () => Project): void {}
