/**
 * The version of @promherd/core. A literal, because a bundled application has no package.json of promherd beside it; a
 * test compares it with package.json.
 */
export const VERSION = '0.1.0'
