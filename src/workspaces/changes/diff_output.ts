/**
 * Reads what `git diff-tree -r -z --raw [--numstat] [--patch]` prints, as it arrives. Only what an answer has room for is
 * kept, so that memory does not grow with the repository. Pure.
 */
import {
  type ChangedFile,
  type ChangeTotals,
  FILES_MAX,
  type FileStatus,
  NAMES_BYTES_MAX,
} from "../../domain/task_changes.ts";
import { utf8Length } from "../../domain/scalars.ts";
import { PatchTexts } from "./patch_texts.ts";

interface DiffBounds {
  files: number;
  /** UTF-8 bytes of all names. */
  names: number;
}

const DIFF_BOUNDS: DiffBounds = { files: FILES_MAX, names: NAMES_BYTES_MAX };

export interface DiffResult {
  files: ChangedFile[];
  files_truncated: boolean;
  totals: ChangeTotals;
}

const STATUSES: Record<string, FileStatus> = {
  A: "added",
  C: "added",
  D: "deleted",
  M: "modified",
  R: "renamed",
  T: "type_changed",
};

const NUL = 0;
const COLON = 0x3a;

/** A changed file in git's output. Those that are not wanted, or too many, have no `file`. */
interface Entry {
  file?: ChangedFile;
  isWanted: boolean;
  /** git prints a patch for the old and one for the new type. */
  patches: 1 | 2;
}

export class DiffOutput {
  readonly #wanted: (file: ChangedFile) => boolean;
  readonly #bounds: DiffBounds;
  readonly #entries: Entry[] = [];
  readonly #files: ChangedFile[] = [];
  readonly #totals: ChangeTotals = { files: 0, additions: 0, deletions: 0 };
  readonly #patches: PatchTexts;
  #names = 0;
  /** The fields of the record under way. */
  #fields: string[] = [];
  /** The beginning of a field whose end has not arrived. */
  #begun = "";
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #counted = 0;
  #inPatches = false;

  /** `wanted`: which files count and are listed. */
  constructor(wanted: (file: ChangedFile) => boolean = () => true, bounds: DiffBounds = DIFF_BOUNDS) {
    this.#wanted = wanted;
    this.#bounds = bounds;
    this.#patches = new PatchTexts(this.#patched());
  }

  /** Returns false once nothing that git may still print is needed. */
  write(chunk: Uint8Array): boolean {
    let at = 0;
    while (!this.#inPatches) {
      const end = chunk.indexOf(NUL, at);
      if (end === -1) {
        this.#begun += this.#decoder.decode(chunk.subarray(at), { stream: true });
        return true;
      }
      const field = this.#begun + this.#decoder.decode(chunk.subarray(at, end));
      this.#begun = "";
      this.#field(field);
      at = end + 1;
    }
    return this.#patches.write(chunk.subarray(at));
  }

  /** After the last `write`. */
  end(): DiffResult {
    if (this.#inPatches) this.#patches.end();
    return {
      files: this.#files,
      files_truncated: this.#files.length < this.#totals.files,
      totals: this.#totals,
    };
  }

  #field(text: string): void {
    // git prints an empty field between the lists and the patches.
    if (this.#fields.length === 0 && text === "") {
      this.#inPatches = true;
      return;
    }
    this.#fields.push(text);
    const [first = ""] = this.#fields;
    const isRaw = first.charCodeAt(0) === COLON;
    if (this.#fields.length < (isRaw ? rawLength(first) : countsLength(first))) return;
    if (isRaw) this.#raw(this.#fields);
    else this.#counts(first);
    this.#fields = [];
  }

  #raw([head = "", first = "", second]: string[]): void {
    const [, , , blob = "", letters = ""] = head.split(" ");
    const status = STATUSES[letters[0] ?? ""] ?? "modified";
    const file: ChangedFile = {
      path: second ?? first,
      old_path: status === "renamed" ? first : undefined,
      status,
      binary: false,
      additions: 0,
      deletions: 0,
      blob,
    };
    const isWanted = this.#wanted(file);
    const entry: Entry = { isWanted, patches: status === "type_changed" ? 2 : 1 };
    this.#entries.push(entry);
    if (!isWanted) return;
    this.#totals.files++;
    this.#names += utf8Length(file.path) + utf8Length(file.old_path ?? "");
    if (this.#totals.files > this.#bounds.files || this.#names > this.#bounds.names) {
      // Not even a shorter name comes after one that was left out.
      this.#names = Infinity;
      return;
    }
    entry.file = file;
    this.#files.push(file);
  }

  #counts(head: string): void {
    const entry = this.#entries[this.#counted++];
    if (!entry?.isWanted) return;
    const [added = "", removed = ""] = head.split("\t", 2);
    const binary = added === "-";
    const additions = binary ? 0 : Number(added);
    const deletions = binary ? 0 : Number(removed);
    this.#totals.additions += additions;
    this.#totals.deletions += deletions;
    if (entry.file) Object.assign(entry.file, { binary, additions, deletions });
  }

  /** The file of each patch, in git's order; undefined for a patch that is not needed. */
  *#patched(): Generator<ChangedFile | undefined, void> {
    let left = this.#files.length;
    for (const { file, patches } of this.#entries) {
      if (left === 0) return;
      if (file) left--;
      for (let i = 0; i < patches; i++) yield file?.binary ? undefined : file;
    }
  }
}

function rawLength(head: string): number {
  const letter = head[head.lastIndexOf(" ") + 1];
  return letter === "R" || letter === "C" ? 3 : 2;
}

/** The names of a renamed file have fields of their own. */
function countsLength(head: string): number {
  return /^[^\t]*\t[^\t]*\t$/.test(head) ? 3 : 1;
}
