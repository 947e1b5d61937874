/** See newer-node.js: for the tests, which are typed. */
export interface NewerNode {
  readonly execPath: string
  readonly version: string
}

export function newerNode(env?: NodeJS.ProcessEnv, here?: string): NewerNode | undefined
export function withoutNewerNode(newer: NewerNode | undefined): Record<string, string>
