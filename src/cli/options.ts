/** Options that several commands share, and the values that they take. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { LogLevel } from "../domain/log_entry.ts";
import { expanded } from "../protocol/places.ts";
import { homeFolder } from "./home.ts";

/** Parses a whole number that is not negative. */
export function wholeNumber(text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new InvalidArgumentError("a whole number is expected");
}

/** Parses a path: replaces `~`, which a shell leaves alone in `--data=~/x`. */
export function path(text: string): string {
  // As from `--data "$UNSET"`: the current folder is never meant.
  if (text === "") throw new InvalidArgumentError("a path is expected, not an empty text");
  const place = expanded(text, homeFolder);
  if ("path" in place) return place.path;
  throw new InvalidArgumentError(place.refused);
}

/** Parses a number that is not negative and may have decimals. */
export function number(text: string): number {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text);
  throw new InvalidArgumentError("a number is expected");
}

/** `--NAME <NAME...>`, which takes any of these values. */
export function anyOf(name: string, values: readonly string[]): Option {
  return new Option(`--${name} <${name}...>`, values.join(", ")).choices(values);
}

export function levelOption(level: LogLevel, description: string): Option {
  return new Option("--level <level>", description).choices(LogLevel.options).default(level);
}

export interface FollowFlags {
  follow?: true;
  level: LogLevel;
}

/** `--follow` and `--level`, for commands by which a task goes on. */
export function addFollowOptions(command: Command): Command {
  return command
    .option("-f, --follow", "then show the task's log and progress until it ends")
    .addOption(levelOption("info", "with --follow: log entries of this level and above"));
}

export interface ListFlags<Field> {
  sort: Field;
  order?: "asc" | "desc";
  limit: number;
  offset: number;
}

/** `--sort`, `--order`, `--limit` and `--offset`. `default_order` says which order fields have without `--order`. */
export function addListOptions(
  command: Command,
  fields: readonly string[],
  default_field: string,
  default_order: string,
): Command {
  return command
    .addOption(new Option("--sort <field>").choices(fields).default(default_field))
    .addOption(new Option("--order <order>", `(default: ${default_order})`).choices(["asc", "desc"]))
    .option("-n, --limit <count>", "at most this many, 1 to 1000", wholeNumber, 50)
    .option("--offset <count>", "skip this many", wholeNumber, 0);
}
