/**
 * Keeps something with an object of the application where nothing that looks at the object finds it: not its keys, its
 * symbols, `JSON.stringify`, `structuredClone` or `console.log`.
 *
 * JavaScript has one such place, a private field: a class that extends this one adds its fields to the object that it is
 * given. To add one costs what a property under a symbol costs; an entry of a WeakMap costs ten times as much.
 */
export const Hidden = given as unknown as new (object: object) => object

// What a constructor returns is what the fields of the classes that extend it are added to.
function given(object: object): object {
  return object
}
