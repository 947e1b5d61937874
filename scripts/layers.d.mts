type Graph = ReadonlyMap<string, readonly string[]>

export const MOST_FILES: number
export function importsOf(name: string): Map<string, string[]>
export function folders(imports: Graph, nameOf?: (file: string) => string): Map<string, string[]>
export function circles(graph: Graph): string[][]
export function layerOf(file: string): string
export function documentedLayers(): Map<string, string[]>
export function crowded(imports: Graph): string[]
export function packageNames(): string[]
