/**
 * Stores data on an object of the application where no inspection of the object finds it: keys, symbols,
 * `JSON.stringify`, `structuredClone` and `console.log` do not show it.
 *
 * Only private fields of JavaScript do that: a class that extends this one adds its fields to the given object. Adding
 * one costs as much as a property under a symbol; an entry of a WeakMap costs ten times as much.
 */
export const Hidden = given as unknown as new (object: object) => object

// A derived class adds its fields to the object that this constructor returns.
function given(object: object): object {
  return object
}
