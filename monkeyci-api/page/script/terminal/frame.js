// What passes between a page and a shell: one message is a byte that says what it is, and bytes as they are or a word as JSON.

/** The name of the protocol, as a subprotocol of WebSocket. */
export const PROTOCOL = "monkeyci-shell-1";

const [INPUT, OUTPUT, ERRORS, WORD] = [0, 1, 2, 3];
/** Bytes of what is typed that go into one message: a large paste is several. */
const PIECE = 16 * 1024;

/**
 * What is typed, as messages.
 * @param {Uint8Array} bytes
 * @returns {Uint8Array[]}
 */
export function typed(bytes) {
  const messages = [];
  for (let at = 0; at < bytes.length; at += PIECE) messages.push(message(INPUT, bytes.subarray(at, at + PIECE)));
  return messages;
}

/** The screen has another size, as a message. */
export function size(rows, columns) {
  return message(WORD, new TextEncoder().encode(JSON.stringify({ type: "size", rows, columns })));
}

/**
 * What came: bytes that are shown, or a word.
 * @param {ArrayBuffer} buffer
 * @returns {{ shown: Uint8Array } | { word: any } | null} null for what is none
 */
export function read(buffer) {
  const bytes = new Uint8Array(buffer);
  const rest = bytes.subarray(1);
  if (bytes[0] === OUTPUT || bytes[0] === ERRORS) return { shown: rest };
  if (bytes[0] !== WORD) return null;
  try {
    return { word: JSON.parse(new TextDecoder().decode(rest)) };
  } catch {
    return null;
  }
}

function message(kind, bytes) {
  const whole = new Uint8Array(bytes.length + 1);
  whole[0] = kind;
  whole.set(bytes, 1);
  return whole;
}
