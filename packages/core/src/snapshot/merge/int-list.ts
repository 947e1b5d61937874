/** A list of 32-bit integers that takes four bytes for each. */
export class IntList {
  items: Int32Array = new Int32Array(16)
  length = 0

  push(item: number): void {
    if (this.length === this.items.length) {
      const larger = new Int32Array(this.length * 2)
      larger.set(this.items)
      this.items = larger
    }
    this.items[this.length++] = item
  }

  /** Replaces the item at `index` with the last one. */
  removeAt(index: number): void {
    this.items[index] = this.items[--this.length]!
  }
}
