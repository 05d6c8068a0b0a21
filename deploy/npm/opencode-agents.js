#!/usr/bin/env node
/**
 * Starts the program in the Deno that npm has installed with it. Arguments, signals and the exit code are passed on.
 * Plain Node, so that it needs nothing but the package.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { userInfo } from "node:os";
import { isAbsolute, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const IS_WINDOWS = process.platform === "win32";
/**
 * npx starts a shell between itself and this program. The shell dies of a signal without passing it on. If npx itself is
 * killed, the shell stays.
 */
const BELOW_NPX = process.env.npm_command === "exec";
const PARENT_CHECK_MS = 500;
const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"];

/** Deno's program for this platform. Throws if npm has installed none. */
function denoProgram() {
  return createRequire(import.meta.url)("deno/install_api.cjs").runInstall();
}

function denoArguments() {
  const { denoFlags, program } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  return ["run", "--quiet", "--no-prompt", ...denoFlags, join(ROOT, program), ...process.argv.slice(2)];
}

function environment() {
  const env = { ...process.env, DENO_NO_UPDATE_CHECK: "1" };
  // Deno would take a relative path, or none, as a place for its cache in the current folder.
  const place = env.XDG_CACHE_HOME || env.HOME || "";
  if (!env.DENO_DIR && !IS_WINDOWS && !isAbsolute(place)) env.DENO_DIR = cacheFolder(env.HOME);
  return env;
}

/** In the home folder. A user id without an account may have none: then beside the program, if that can be written. */
function cacheFolder(home) {
  const folder = home && isAbsolute(home) ? home : accountsHome();
  return folder === undefined ? join(ROOT, ".cache") : join(folder, ".cache", "deno");
}

function accountsHome() {
  try {
    return userInfo().homedir;
  } catch {
    return undefined;
  }
}

/** Runs the program beside this one, and ends as it ends. */
function run(program, args, env) {
  // A terminal sends its signals to both. Without one, the program gets a process group of its own, so that a signal to
  // the whole group does not reach it twice: a second signal ends it at once.
  const onTerminal = Boolean(process.stdin.isTTY);
  const child = spawn(program, args, { stdio: "inherit", env, detached: !onTerminal && !IS_WINDOWS });
  const passedOn = onTerminal ? ["SIGTERM"] : SIGNALS;
  for (const signal of SIGNALS) {
    process.on(signal, () => passedOn.includes(signal) && child.kill(signal));
  }
  if (BELOW_NPX) {
    const shell = process.ppid;
    const npx = npxAbove(shell);
    const watch = setInterval(() => {
      if (process.ppid === shell && (npx === undefined || parentOf(shell) === npx)) return;
      clearInterval(watch);
      child.kill("SIGTERM");
    }, PARENT_CHECK_MS);
  }
  child.on("error", fail);
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** The parent of the shell, if that is npx. A shell that the program has replaced is npx itself. */
function npxAbove(shell) {
  const parent = parentOf(shell);
  return parent !== undefined && /^Name:\s*npm /m.test(statusOf(parent)) ? parent : undefined;
}

function parentOf(pid) {
  return /^PPid:\s*(\d+)/m.exec(statusOf(pid))?.[1];
}

/** What /proc says of a process; empty where there is none. */
function statusOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "";
  }
}

function fail(error) {
  console.error(`opencode-agents: Deno cannot be started: ${error.message}`);
  console.error(
    "Install the package again, with its optional dependencies: one of them is Deno for this platform.",
  );
  process.exit(1);
}

try {
  const program = denoProgram();
  // Where Node can, the program takes the place of this one. Nothing is left to pass on.
  if (process.execve && !IS_WINDOWS && !BELOW_NPX) {
    process.execve(program, [program, ...denoArguments()], environment());
  }
  run(program, denoArguments(), environment());
} catch (error) {
  fail(error);
}
