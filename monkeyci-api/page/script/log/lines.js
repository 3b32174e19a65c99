// Where the lines of a log begin, built as its bytes come in. Pure. Four bytes a line: 10^6 lines are 4 MB.

const NEWLINE = 10;

/** An index of lines. Lines are numbered from 0; the last one may still grow. */
export class Lines {
  #starts = new Uint32Array(1024);
  #count = 0;
  /** Bytes that were taken in. */
  size = 0;
  #open = true;
  #breaks = [];
  #forced = [];

  /** How many lines there are. */
  get count() {
    return this.#count;
  }

  /**
   * Takes in the bytes that follow.
   * @param {Uint8Array} bytes
   */
  append(bytes) {
    if (bytes.length === 0) return;
    if (this.#open) this.#push(this.size);
    this.#open = false;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) {
      if (at + 1 === bytes.length) this.#open = true;
      else this.#push(this.size + at + 1);
    }
    this.size += bytes.length;
    const due = this.#breaks.filter((offset) => offset < this.size);
    this.#breaks = this.#breaks.filter((offset) => offset >= this.size);
    due.forEach((offset) => this.breakAt(offset));
  }

  /** Has a line begin at `offset`, where the output of another command does; also when that is yet to come. */
  breakAt(offset) {
    if (offset >= this.size) {
      if (!this.#breaks.includes(offset)) this.#breaks.push(offset);
      return;
    }
    const at = this.at(offset);
    if (this.#starts[at] === offset) return;
    this.#forced.push(offset);
    this.#push(0);
    this.#starts.copyWithin(at + 2, at + 1, this.#count - 1);
    this.#starts[at + 1] = offset;
  }

  /** The first line after `at` that begins in the middle of what the log has as one. */
  forcedAfter(at) {
    const starts = this.#forced.filter((offset) => offset > this.start(at));
    return starts.length ? this.at(Math.min(...starts)) : Infinity;
  }

  /** Where line `at` begins, in bytes. */
  start(at) {
    return at < this.#count ? this.#starts[at] : this.size;
  }

  /** Where line `at` ends, with its newline. */
  end(at) {
    return this.start(at + 1);
  }

  /** The line that the byte at `offset` belongs to. */
  at(offset) {
    let [low, high] = [0, this.#count - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }

  /** The first line that begins at `offset` or after it. */
  from(offset) {
    if (offset >= this.size) return this.#count;
    const at = this.at(offset);
    return this.#starts[at] < offset ? at + 1 : at;
  }

  #push(start) {
    if (this.#count === this.#starts.length) {
      const wider = new Uint32Array(this.#starts.length * 2);
      wider.set(this.#starts);
      this.#starts = wider;
    }
    this.#starts[this.#count++] = start;
  }
}
