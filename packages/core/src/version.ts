/**
 * The version of @promherd/core. A literal, because a bundled application has no manifest of ours beside it; a test
 * compares it with package.json.
 */
export const VERSION = '0.1.0'
