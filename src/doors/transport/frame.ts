/** The frames that a server sends: never masked, never in parts. Pure. */

export const OPCODE = { text: 1, close: 8, ping: 9, pong: 10 } as const;
type Opcode = typeof OPCODE[keyof typeof OPCODE];

const LAST = 0x80;
/** The most that a head of 4 bytes can announce, and UTF-8 can make of one code unit. */
const MEDIUM_MAX = 65_535;
const UTF8_MAX = 3;
const MEDIUM_HEAD = 4;

const utf8 = new TextEncoder();

export function textFrame(text: string): Uint8Array<ArrayBuffer> {
  if (text.length * UTF8_MAX > MEDIUM_MAX) return frame(OPCODE.text, utf8.encode(text));
  // Encoded where it is to stand. The head turns out to have 2 or 4 bytes.
  const bytes = new Uint8Array(MEDIUM_HEAD + text.length * UTF8_MAX);
  const { written } = utf8.encodeInto(text, bytes.subarray(MEDIUM_HEAD));
  const start = written < 126 ? MEDIUM_HEAD - 2 : 0;
  writeHead(bytes.subarray(start), OPCODE.text, written);
  return bytes.subarray(start, MEDIUM_HEAD + written);
}

export function frame(opcode: Opcode, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const size = payload.length;
  const head = size < 126 ? 2 : size <= MEDIUM_MAX ? MEDIUM_HEAD : 10;
  const bytes = new Uint8Array(head + size);
  writeHead(bytes, opcode, size);
  bytes.set(payload, head);
  return bytes;
}

/** A close frame; `code` undefined: without a code. The reason is cut to what a control frame can hold. */
export function closeFrame(code: number | undefined, reason = ""): Uint8Array<ArrayBuffer> {
  if (code === undefined) return frame(OPCODE.close, new Uint8Array(0));
  const payload = new Uint8Array(125);
  payload.set([code >> 8, code & 255]);
  const { written } = utf8.encodeInto(reason, payload.subarray(2));
  return frame(OPCODE.close, payload.subarray(0, 2 + written));
}

function writeHead(bytes: Uint8Array, opcode: Opcode, size: number): void {
  bytes[0] = LAST | opcode;
  if (size < 126) bytes[1] = size;
  else if (size <= MEDIUM_MAX) {
    bytes[1] = 126;
    bytes[2] = size >> 8;
    bytes[3] = size & 255;
  } else {
    bytes[1] = 127;
    new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(2, BigInt(size));
  }
}
