// The bytes of a log, in pieces of one size. When they are many, pieces that nobody looked at for long are let go and
// asked for again, so that the memory of a page stays bounded.

const PIECE = 1 << 20;
/** Pieces that are kept. */
const MOST = 96;

/** Bytes by their offset. */
export class Bytes {
  #pieces = new Map();
  #tail = new Uint8Array(PIECE);
  #refetch;
  /** How many there are. */
  size = 0;

  /** @param {(from: number, to: number) => Promise<Uint8Array>} refetch has a range from the server again */
  constructor(refetch) {
    this.#refetch = refetch;
  }

  /** @param {Uint8Array} bytes what follows */
  append(bytes) {
    for (let from = 0; from < bytes.length; ) {
      const at = this.size % PIECE;
      const part = bytes.subarray(from, from + PIECE - at);
      this.#tail.set(part, at);
      this.size += part.length;
      from += part.length;
      if (this.size % PIECE === 0) {
        this.#keep(this.size / PIECE - 1, this.#tail);
        this.#tail = new Uint8Array(PIECE);
      }
    }
  }

  /**
   * The bytes from `from` to `to`; null when they have to be asked for first.
   * @returns {Uint8Array | null}
   */
  slice(from, to) {
    const first = Math.floor(from / PIECE);
    const last = Math.floor((to - 1) / PIECE);
    if (to <= from) return new Uint8Array(0);
    if (first === last) return this.#piece(first)?.subarray(from - first * PIECE, to - first * PIECE) ?? null;
    const joined = new Uint8Array(to - from);
    for (let piece = first; piece <= last; piece++) {
      const bytes = this.#piece(piece);
      if (!bytes) return null;
      const begin = Math.max(from, piece * PIECE);
      joined.set(bytes.subarray(begin - piece * PIECE, Math.min(to, (piece + 1) * PIECE) - piece * PIECE), begin - from);
    }
    return joined;
  }

  /** As {@link slice}, after asking the server where that is needed. */
  async read(from, to) {
    for (let piece = Math.floor(from / PIECE); piece * PIECE < to; piece++) {
      if (!this.#piece(piece)) this.#keep(piece, await this.#refetch(piece * PIECE, (piece + 1) * PIECE));
    }
    return this.slice(from, to) ?? this.#refetch(from, to);
  }

  #piece(at) {
    if (at === Math.floor(this.size / PIECE)) return this.#tail;
    const piece = this.#pieces.get(at);
    if (piece) {
      this.#pieces.delete(at);
      this.#pieces.set(at, piece);
    }
    return piece;
  }

  #keep(at, bytes) {
    this.#pieces.set(at, bytes);
    if (this.#pieces.size > MOST) this.#pieces.delete(this.#pieces.keys().next().value);
  }
}
