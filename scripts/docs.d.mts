/** The text of every generated file, by its path from the root of the workspace. */
export function generatedDocs(root: URL): Record<string, string>
