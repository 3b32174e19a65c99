// Scrolls over rows of which only those that are seen exist. Rows may be more than any element can be tall: then the
// bar stands for the whole, while wheel and keys still move by what they say.

import { h } from "../element.js";

/** Pixels of a row; the style sheet says the same. */
export const ROW = 20;
/** Rows above and below the view that are drawn too. */
const SPARE = 16;
/** Pixels of the tallest element that every browser lays out right. */
const TALLEST = 8_000_000;
/** Milliseconds after which the bar is put where it belongs. */
const REST = 160;

/** A view of many rows. */
export class Scroller {
  #rows;
  #make;
  #pinned;
  #pin = h("div.pin");
  #ground = h("div.ground");
  #window = h("div.window");
  #made = new Map();
  #frame = 0;
  #rest = 0;
  #top = 0;
  #bar = 0;
  /** Whether it stays at the end while rows come. */
  isFollowing = false;
  /** Whether long rows go on below. */
  isWrapped = false;

  /**
   * @param {{ rows: () => number, make: (row: number) => { key: string, element: () => Element }, moved: () => void,
   *   pinned: (row: number) => number | null }} of `key` changes when the row's look does; `pinned` is the row that stays
   *   in view while this one is the first
   */
  constructor({ rows, make, moved, pinned }) {
    this.#pinned = pinned;
    this.#rows = rows;
    this.#make = make;
    this.element = h("div.scroller", { tabindex: 0, role: "region", "aria-label": "Log" }, this.#pin, this.#ground, this.#window);
    this.element.addEventListener("scroll", () => {
      this.#scrolled();
      moved();
    }, { passive: true });
    this.element.addEventListener("wheel", ({ deltaY }) => {
      if (deltaY < 0 && this.isFollowing) {
        this.isFollowing = false;
        moved();
      }
    }, { passive: true });
    new ResizeObserver(() => this.refresh()).observe(this.element);
  }

  /** Draws again in the next frame. */
  refresh() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  /** Whether the end is seen. */
  get isAtEnd() {
    return this.#top >= this.#most - ROW;
  }

  /** The first row that is seen. */
  get first() {
    return Math.floor(this.#top / ROW);
  }

  /** Goes to the end and stays there. */
  follow() {
    this.isFollowing = true;
    this.refresh();
  }

  /**
   * Goes to a row.
   * @param {number} row
   * @param {"middle" | "end" | "start"} where in the view it is to stand
   */
  show(row, where = "middle") {
    this.isFollowing = false;
    const seen = this.element.clientHeight;
    const above = { middle: Math.max(0, seen / 2 - ROW), end: seen - 3 * ROW, start: 0 }[where];
    this.#place(row * ROW - above);
    this.refresh();
  }

  get #tall() {
    // Where rows are taller than one, the last must be able to stand at the top.
    return this.#rows() * ROW + (this.isWrapped ? this.element.clientHeight - ROW : ROW);
  }

  get #most() {
    return Math.max(0, this.#tall - this.element.clientHeight);
  }

  #place(top) {
    this.#top = Math.min(this.#most, Math.max(0, top));
    this.#fit();
    const seen = this.element.clientHeight;
    const bar = this.#tall <= TALLEST ? this.#top : (this.#top / this.#most) * (TALLEST - seen);
    if (Math.abs(this.element.scrollTop - bar) >= 1) this.element.scrollTop = bar;
    this.#bar = this.element.scrollTop;
  }

  #fit() {
    const tall = `${Math.min(TALLEST, this.#tall)}px`;
    if (this.#ground.style.height !== tall) this.#ground.style.height = tall;
  }

  #scrolled() {
    const bar = this.element.scrollTop;
    const by = bar - this.#bar;
    if (Math.abs(by) < 1) return;
    this.#bar = bar;
    const seen = this.element.clientHeight;
    const isScaled = this.#tall > TALLEST;
    const isAtEdge = bar <= 0 || bar >= TALLEST - seen;
    if (!isScaled) this.#top = bar;
    else if (Math.abs(by) < 3 * seen && !isAtEdge) this.#top = Math.min(this.#most, Math.max(0, this.#top + by));
    else this.#top = (bar / (TALLEST - seen)) * this.#most;
    if (by < 0) this.isFollowing = false;
    this.refresh();
    if (!isScaled) return;
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => this.#place(this.#top), REST);
  }

  #draw() {
    const count = this.#rows();
    const seen = this.element.clientHeight;
    if (this.isFollowing) this.#place(this.#most);
    else this.#fit();
    const first = Math.min(Math.max(0, count - 1), Math.floor(this.#top / ROW));
    const visible = Math.ceil(seen / ROW) + 1;
    let [from, to] = [Math.max(0, first - SPARE), Math.min(count, first + visible + SPARE)];
    if (this.isWrapped) from = this.isFollowing ? Math.max(0, count - visible - 1) : first;
    if (this.isWrapped && this.isFollowing) to = count;
    this.#fill(from, to);
    const bar = this.element.scrollTop;
    let y = bar + from * ROW - this.#top;
    if (this.isWrapped) {
      const part = (this.#top % ROW) / ROW;
      const tall = this.#window.firstElementChild?.offsetHeight ?? 0;
      y = this.isFollowing && this.#window.offsetHeight > seen ? bar + seen - this.#window.offsetHeight : bar - part * tall;
    }
    this.#window.style.transform = `translateY(${Math.round(y)}px)`;
    this.#drawPin(count ? this.#pinned(first) : null);
  }

  #drawPin(row) {
    const { key, element } = row === null ? { key: "", element: () => "" } : this.#make(row);
    if (this.#pin.dataset.key === key) return;
    this.#pin.dataset.key = key;
    this.#pin.replaceChildren(element());
  }

  /** What was drawn before stays as it is, with what somebody has selected in it. */
  #fill(from, to) {
    const wanted = new Map();
    let at = this.#window.firstChild;
    const rows = [];
    for (let row = from; row < to; row++) {
      const { key, element } = this.#make(row);
      const made = this.#made.get(key) ?? element();
      wanted.set(key, made);
      rows.push(made);
    }
    for (const [key, element] of this.#made) {
      if (wanted.has(key)) continue;
      if (at === element) at = at.nextSibling;
      element.remove();
    }
    at = this.#window.firstChild;
    for (const element of rows) {
      if (at === element) at = at.nextSibling;
      else this.#window.insertBefore(element, at);
    }
    this.#made = wanted;
  }
}
