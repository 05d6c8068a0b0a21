/** A file that a client gives to a task: what is known of it, and what it may be called. Pure. */
import * as z from "zod";
import { distinct, text } from "./scalars.ts";

/** The most files of one task. */
const MOST_ATTACHMENTS = 10;

export const Attachment = z.object({
  id: z.string(),
  name: z.string().describe("Its file name, without a path and without what file systems do not take."),
  mime_type: z.string(),
  bytes: z.int(),
});
export type Attachment = z.infer<typeof Attachment>;

/** The ids in a task's `execution.attachments`. */
export const AttachmentIds = distinct(text(1, 100), 0, MOST_ATTACHMENTS);

const LONGEST_NAME = 120;
// deno-lint-ignore no-control-regex
const UNSAFE = /[\x00-\x1f\x7f-\x9f<>:"/\\|?*\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
/** Names that Windows keeps for devices. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i;

/**
 * A file name that any file system takes and no program reads as anything else: the last part of a path, without control
 * characters, a dot or a dash at its start, and at most 120 bytes long. A long one keeps its ending.
 */
export function safeName(given: string, mime_type: string): string {
  const last = given.toWellFormed().normalize("NFC").split(/[/\\]/).at(-1)!;
  const clean = last.replace(UNSAFE, "_").replace(/^[\s.-]+|[\s.]+$/g, "");
  if (clean === "") return `attachment${ENDINGS[mime_type] ?? ""}`;
  const named = DEVICE.test(clean) ? `_${clean}` : clean;
  const [ending = ""] = /\.[A-Za-z0-9]{1,10}$/.exec(named) ?? [];
  return cutTo(named.slice(0, named.length - ending.length), LONGEST_NAME - ending.length) + ending;
}

function cutTo(name: string, most_bytes: number): string {
  const { read } = new TextEncoder().encodeInto(name, new Uint8Array(most_bytes));
  return name.slice(0, read);
}

/** Types by their ending, for clients that name none. */
const TYPES: Record<string, string> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  svg: "image/svg+xml",
  mp3: "audio/mpeg",
  wav: "audio/wav",
  ogg: "audio/ogg",
  pdf: "application/pdf",
  json: "application/json",
  xml: "application/xml",
  yaml: "application/yaml",
  yml: "application/yaml",
  html: "text/html",
  css: "text/css",
  csv: "text/csv",
  md: "text/markdown",
  txt: "text/plain",
  log: "text/plain",
  zip: "application/zip",
};

const ENDINGS: Record<string, string | undefined> = Object.fromEntries(
  Object.entries(TYPES).reverse().map(([ending, type]) => [type, `.${ending}`]),
);

/** What is at the start of an image's bytes. */
const MAGIC: readonly [mime_type: string, start: RegExp][] = [
  ["image/png", /^\x89PNG\r\n/],
  ["image/jpeg", /^\xff\xd8\xff/],
  ["image/gif", /^GIF8[79]a/],
  ["image/webp", /^RIFF[^]{4}WEBP/],
];

/** Types that programs send when they do not know one. */
const UNKNOWN = new Set(["", "application/octet-stream", "application/x-www-form-urlencoded"]);

/**
 * The type that the client names. Without one, and for an image that is another kind of image, the first bytes decide,
 * then the name's ending.
 */
export function mimeTypeOf(named: string | undefined, name: string, head: Uint8Array): string {
  const given = (named ?? "").split(";")[0]!.trim().toLowerCase();
  const start = String.fromCharCode(...head.subarray(0, 16));
  const seen = MAGIC.find(([, magic]) => magic.test(start))?.[0];
  if (seen !== undefined && (UNKNOWN.has(given) || given.startsWith("image/"))) return seen;
  if (!UNKNOWN.has(given) && /^[a-z0-9.+-]+\/[a-z0-9.+-]+$/.test(given) && given.length <= 100) return given;
  return TYPES[/\.([A-Za-z0-9]+)$/.exec(name)?.[1]?.toLowerCase() ?? ""] ?? "application/octet-stream";
}

/** The images that models take. Others, such as SVG, are files to agents. */
const IMAGES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
const TEXTS =
  /^text\/|^application\/(json|xml|yaml|toml|x-yaml|javascript|typescript|sql|graphql|x-sh)$|\+(json|xml)$/;

/** How an agent may take it in a prompt: as an image, a sound, a text, or else as a file. */
export function formOf({ mime_type }: Pick<Attachment, "mime_type">): "image" | "audio" | "text" | "file" {
  if (IMAGES.has(mime_type)) return "image";
  if (mime_type.startsWith("audio/")) return "audio";
  return TEXTS.test(mime_type) ? "text" : "file";
}
