/** The attachments of a run as its agent takes them: in the prompt, or as files of its workspace that the prompt names. */
import { Buffer } from "node:buffer";
import { relative } from "node:path";
import { formOf } from "../../domain/attachment.ts";
import type { AttachmentFile } from "../../domain/run_request.ts";
import { bytes as size } from "../../protocol/formats.ts";
import type { PlacedFiles } from "../attachments/placed_files.ts";
import type { WireObject } from "../makes/agent_make.ts";

/** What goes into a prompt at most: models refuse larger images, and a long text would fill their memory. */
const LARGEST_IN_PROMPT = { image: 5 << 20, audio: 10 << 20, text: 256 << 10, file: 0 };
/** What an agent must accept for it, in the words of its offer. */
const NEEDED = { image: "image", audio: "audio", text: "resource", file: "" };

export interface Delivery {
  /** The kinds that the agent says it takes in a prompt. */
  accepts: readonly string[];
  placed: PlacedFiles;
  working_dir: string;
  /** The session has had them before: only what is placed in the folder is named again. */
  again: boolean;
}

/**
 * The blocks that carry the files. What the agent does not take in a prompt is placed in the workspace and named in a last
 * block.
 */
export async function attachmentBlocks(
  attachments: readonly AttachmentFile[],
  { accepts, placed, working_dir, again }: Delivery,
): Promise<WireObject[]> {
  const blocks: WireObject[] = [];
  const named: string[] = [];
  for (const file of attachments) {
    const block = await blockOf(file, accepts);
    if (block !== undefined) {
      if (!again) blocks.push(block);
      continue;
    }
    const path = relative(working_dir, await placed.place(file));
    named.push(`- ${path} (${file.mime_type}, ${size(file.bytes)})`);
  }
  if (named.length === 0) return blocks;
  const text = `Files attached to this task, in the working folder. Git ignores them: do not commit them.\n${
    named.join("\n")
  }`;
  return [...blocks, { type: "text", text }];
}

/** Undefined for what does not go into the prompt. */
async function blockOf(file: AttachmentFile, accepts: readonly string[]): Promise<WireObject | undefined> {
  const form = formOf(file);
  const { name, mime_type: mimeType, bytes, path } = file;
  if (bytes > LARGEST_IN_PROMPT[form] || !accepts.includes(NEEDED[form])) return undefined;
  const content = await Deno.readFile(path);
  if (form !== "text") return { type: form, mimeType, data: Buffer.from(content).toString("base64") };
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(content);
    return {
      type: "resource",
      resource: { uri: `attachment:///${encodeURIComponent(name)}`, mimeType, text },
    };
  } catch {
    // It is not UTF-8, so it goes as a file, unchanged.
    return undefined;
  }
}
