/** The places that a tool call names: where it writes, reads or runs, as far as its request tells. Pure. */
import { fileURLToPath } from "node:url";
import { type KnownVariables, placesInCommand } from "./command_places.ts";
import { quoted } from "../../domain/shell_parts.ts";
import { listOf, objectOf, textOf } from "./wire_value.ts";

/** The most strings of an input that are looked at. */
const MOST_STRINGS = 2000;
const LONGEST_PATH = 4096;

/** Inputs that are a path, whatever they look like. */
const PATH_KEY = /(path|file|filename|dir|directory|folder|cwd|workdir|root|uri)s?$/i;
/** Inputs that are a text, whatever it looks like. */
const TEXT_KEY =
  /^(content|contents|text|new_?text|old_?text|new_?string|old_?string|new_?source|description|prompt|message|query|pattern|regex|diff|title|explanation|justification|todos?|plan|questions?)$/i;
const COMMAND_KEY = /^(command|cmd)$/i;
/** Inputs that are part of a command if the call runs one. */
const PART_KEY = /^(script|code|argv|args|arguments)$/i;
/** Inputs that say where a command runs. */
const FOLDER_KEY = /^(cwd|workdir|dir_path)$/;
const PATCH_LINE = /^\*\*\* (?:Add File|Update File|Delete File|Move to): (.+)$/gm;

export interface NamedPlaces {
  /** Absolute, or relative to `folder`. */
  paths: string[];
  /** What its command names, if it runs one, and may be a path. */
  mentions: string[];
  /** Where the call runs, if it says so. */
  folder?: string;
  /** The call names more than is looked at. */
  isTooMuch: boolean;
}

/** Reads the tool call of a permission request, or an update of one. */
export function placesOf(call: Record<string, unknown>, known: KnownVariables): NamedPlaces {
  const input = objectOf(call.rawInput);
  const folder = textOf(input?.cwd) ?? textOf(input?.workdir) ?? textOf(input?.dir_path);
  const isCommand = call.kind === "execute";
  const paths = new Set<string>();
  const mentions = new Set<string>();
  for (const place of listOf(call.locations)) {
    const path = textOf(objectOf(place)?.path);
    if (path !== undefined) paths.add(path);
  }
  for (const part of listOf(call.content)) {
    const path = textOf(objectOf(part)?.path);
    if (path !== undefined) paths.add(path);
  }
  // Some agents tell a command only in the title.
  if (isCommand && input === undefined) addMentions(textOf(call.title) ?? "");
  let strings = 0;
  walk(call.rawInput, isCommand && input === undefined ? "command" : "");

  return { paths: [...paths], mentions: [...mentions], folder, isTooMuch: strings > MOST_STRINGS };

  function add(more: readonly string[]): void {
    for (const path of more) paths.add(path);
  }

  function addMentions(command: string): void {
    for (const place of placesInCommand(command, known)) mentions.add(place);
  }

  function walk(value: unknown, key: string): void {
    if (strings > MOST_STRINGS) return;
    if (typeof value === "string") {
      strings++;
      const patched = [...value.matchAll(PATCH_LINE)].map(([, path]) => path!.trim());
      if (patched.length > 0) add(patched);
      else if (COMMAND_KEY.test(key) || isCommand && PART_KEY.test(key)) addMentions(value);
      // Where a command runs is no file of it.
      else if (!isCommand || value !== folder || !FOLDER_KEY.test(key)) add(inString(value, key));
      return;
    }
    if (Array.isArray(value)) {
      for (const item of value) walk(item, key);
      return;
    }
    for (const [name, item] of Object.entries(objectOf(value) ?? {})) {
      // A map from paths to what becomes of them.
      if (looksLikePath(name)) add([name]);
      walk(item, name);
    }
  }

  function inString(value: string, key: string): string[] {
    if (TEXT_KEY.test(key)) return [];
    if (PATH_KEY.test(key) || looksLikePath(value)) return pathsIn(value);
    return [];
  }
}

/** A path in one string, or several that are separated by commas. */
function pathsIn(value: string): string[] {
  if (value.startsWith("file:")) {
    try {
      return [fileURLToPath(value)];
    } catch {
      return ["~"];
    }
  }
  return value.includes(", ") ? [value, ...value.split(", ")] : [value];
}

function looksLikePath(text: string): boolean {
  return text.length <= LONGEST_PATH && !text.includes("\n") &&
    /^(\/|~|file:|\.\.(\/|$))|\/\.\.(\/|$)/.test(text);
}

/** What a shell is to run, if the call tells. */
export function commandOf(call: Record<string, unknown>): string | undefined {
  const input = objectOf(call.rawInput);
  const command = input?.command ?? input?.cmd ?? (call.kind === "execute" ? call.rawInput : undefined);
  if (typeof command === "string") return command;
  const words = listOf(command);
  if (words.length > 0 && words.every((word) => typeof word === "string")) return quoted(words as string[]);
  // Some agents tell a command only in the title.
  return call.kind === "execute" && input === undefined ? textOf(call.title) : undefined;
}
