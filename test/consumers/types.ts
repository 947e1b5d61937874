import type { Project } from './project.ts'
export function typeTests(_project: () => Project): void {}
