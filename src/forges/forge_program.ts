/** Runs `gh` or `glab`: bounded, with nobody to ask, and with none of the server's secrets but those of the forge. */
import { ApiError } from "../domain/errors.ts";
import { masked } from "../domain/remote_url.ts";
import { commonVariables, pickVariables } from "../host/processes/common_variables.ts";
import type { RunProgram } from "../host/processes/contained_program.ts";
import { findProgram } from "../host/processes/find_program.ts";

const BOUND_MS = 25_000;
const OUTPUT_MAX = 16_000_000;
const WORDS_MAX = 1000;
/** How many logs are fetched at a look: each is a request of its own. */
export const LOGS_MAX = 5;
export const LOG_CHARACTERS = 4000;
const OF_FORGES = /^(GH|GITHUB|GITLAB)_/;
const SECRET = /TOKEN|SECRET|PASSWORD|PRIVATE_KEY/i;
/** gh ends with it if it has no account. */
const NO_ACCOUNT = 4;

/** Nothing is asked, shown page by page, coloured or looked for. */
const QUIET = {
  GH_PROMPT_DISABLED: "1",
  GH_NO_UPDATE_NOTIFIER: "1",
  GH_PAGER: "cat",
  GLAB_CHECK_UPDATE: "false",
  NO_PROMPT: "1",
  NO_COLOR: "1",
  PAGER: "cat",
  BROWSER: "false",
};

export interface ForgeProgramHost {
  run: RunProgram;
  /** The server's own environment. */
  server_env: Record<string, string>;
}

export interface ProgramPlace {
  folder: string;
}

export class ForgeProgram {
  readonly #name: "gh" | "glab";
  readonly #host: ForgeProgramHost;

  constructor(name: "gh" | "glab", host: ForgeProgramHost) {
    this.#name = name;
    this.#host = host;
  }

  async require(): Promise<void> {
    const name = this.#name;
    if (await findProgram(name, this.#host.server_env.PATH)) return;
    const [site, title] = name === "gh"
      ? ["https://cli.github.com", "GitHub"]
      : ["https://gitlab.com/gitlab-org/cli", "GitLab"];
    throw new ApiError(
      "SERVICE_UNAVAILABLE",
      `Pull requests at ${title} need the program '${name}', which is not on the server's PATH. Nothing was pushed. See ${site}`,
      { program: name, missing: [name] },
    );
  }

  /** What it prints. Throws `ApiError` `SERVICE_UNAVAILABLE`. */
  async text({ folder }: ProgramPlace, args: readonly string[], signal: AbortSignal): Promise<string> {
    const name = this.#name;
    const what = `${name} ${args.slice(0, 2).join(" ")}`;
    const end = await this.#host.run({
      program: name,
      args,
      cwd: folder,
      env: this.#environment(),
      bound_ms: BOUND_MS,
      signal,
      output_max: OUTPUT_MAX,
    }).catch((error: Error) => error);
    if (end instanceof Error) throw this.#failed(what, end.message);
    switch (end.why) {
      case "ended":
        break;
      case "late":
        throw this.#failed(what, `it did not end within ${BOUND_MS / 1000} s`, { retry_after_seconds: 60 });
      case "aborted":
        throw this.#failed(what, "it was ended: the time for the request is over", {
          retry_after_seconds: 60,
        });
      case "too_much":
      case "enough":
        throw this.#failed(what, "it printed without end");
    }
    const decoder = new TextDecoder();
    if (end.code === 0) return decoder.decode(end.stdout);
    const words = decoder.decode(end.stderr).trim() || decoder.decode(end.stdout).trim() ||
      `exit code ${end.code}`;
    throw this.#failed(what, words, isWithoutAccount(end.code, words) ? { login: this.#login } : {});
  }

  /** The JSON that it prints; undefined if it prints nothing that is JSON. */
  async json(place: ProgramPlace, args: readonly string[], signal: AbortSignal): Promise<unknown> {
    const text = await this.text(place, args, signal);
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  }

  get #login(): string {
    return `${this.#name} auth login`;
  }

  #environment(): Record<string, string> {
    const { server_env } = this.#host;
    const names = [
      ...commonVariables(server_env).filter((name) => !name.startsWith("GIT_")),
      ...Object.keys(server_env).filter((name) => OF_FORGES.test(name)),
    ];
    return { ...pickVariables(server_env, names), ...QUIET, LC_MESSAGES: "C", LANGUAGE: "C" };
  }

  #failed(
    what: string,
    words: string,
    more: { login?: string; retry_after_seconds?: number } = {},
  ): ApiError {
    const { server_env } = this.#host;
    const secrets = Object.keys(server_env).filter((name) => OF_FORGES.test(name) && SECRET.test(name)).map((
      name,
    ) => server_env[name]!);
    const said = masked(words.slice(0, 4 * WORDS_MAX), secrets).slice(0, WORDS_MAX);
    const { login, retry_after_seconds } = more;
    const message = login === undefined
      ? `${what} failed: ${said}`
      : `'${this.#name}' has no account, or its account is no longer good: run '${login}' as the account of the server. It said: ${said}`;
    return new ApiError("SERVICE_UNAVAILABLE", message, {
      program: this.#name,
      missing: [login === undefined ? this.#name : "login"],
      ...login === undefined ? {} : { todo: login },
      ...retry_after_seconds === undefined ? {} : { retry_after_seconds },
    });
  }
}

function isWithoutAccount(code: number, words: string): boolean {
  return code === NO_ACCOUNT ||
    /auth login|not logged in|HTTP 401|401 Unauthorized|bad credentials|authentication (required|failed)|token (is )?expired|invalid_token/i
      .test(words);
}
