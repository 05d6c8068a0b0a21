/** `keys create|list|rotate|revoke|sessions|end`: API keys, in the store itself, or through the server that has the store open. */
import { Argument, type Command, Option } from "commander";
import { Permission } from "../../domain/access_key.ts";
import { KEY_DAYS, type KeyView, NewKey, type SessionView } from "../../protocol/auth_messages.ts";
import { ApiError } from "../../domain/errors.ts";
import { schemaError } from "../../protocol/schema_errors.ts";
import { fieldProblem } from "../../domain/field_problem.ts";
import type { Cli } from "../../cli/cli.ts";
import type { Handlers } from "../handlers.ts";
import {
  configuredStore,
  storeCommand,
  type StoredKeys,
  type StoreFiles,
  type StoreFlags,
  storeFolder,
} from "./store_command.ts";
import { localDateTime } from "../../cli/local_time.ts";
import { wholeNumber } from "../../cli/options.ts";
import { actorName } from "../../domain/actor.ts";
import { DEFAULT_TENANT } from "../../domain/tenant_id.ts";
import { type Column, printTable } from "../../cli/table.ts";

interface KeysFlags extends StoreFlags {
  permissions?: string;
  projects?: string;
  expiresInDays?: number;
  tenant?: string;
}

const ACTIONS = ["create", "list", "rotate", "revoke", "sessions", "end"] as const;

export function addKeys(program: Command, cli: Cli, { store }: Handlers): void {
  storeCommand(
    program,
    "keys",
    "API keys, for a server with security.auth: make one, list them, replace or revoke one; list their sessions, end one",
  )
    .addArgument(new Argument("<action>").choices(ACTIONS))
    .argument("[name]", "create: what the key is for; rotate, revoke: its id; end: a session's id")
    .addOption(
      new Option(
        "--permissions <list>",
        `create: some of ${Permission.options.join(",")} (default: read,write)`,
      ),
    )
    .option("--projects <list>", "create: the only projects whose tasks the key sees and starts")
    .option(
      "--tenant <name>",
      "the tenant whose keys and sessions these are (default: `default`); create: `*` for all",
    )
    .option("--expires-in-days <days>", `create: until then (default: ${KEY_DAYS})`, wholeNumber)
    .action(async (action: typeof ACTIONS[number], name: string | undefined, flags: KeysFlags) => {
      if (action === "sessions" || action === "end") return await sessions(cli, flags, name);
      const keys = await openKeys(cli, store, flags);
      try {
        if (action === "list") return list(cli, flags, await keys.list());
        if (name === undefined) {
          const what = action === "create" ? "a name" : "a key's id";
          throw fieldProblem(
            "MISSING_REQUIRED_FIELD",
            "name",
            undefined,
            what,
            `keys ${action} needs ${what}`,
          );
        }
        if (action === "create") return create(cli, flags, await keys.create(newKey(name, flags)));
        if (action === "rotate") return create(cli, flags, await keys.rotate(name));
        await keys.revoke(name);
        if (flags.json) return cli.terminal.json({ key_id: name, revoked: true }, 2);
        cli.terminal.line(`${name} is revoked`);
      } finally {
        await keys.close();
      }
    });
}

/** Sessions are the running server's. `session_id`: the one to end; without it, they are listed. */
async function sessions(cli: Cli, flags: KeysFlags, session_id: string | undefined): Promise<void> {
  const { terminal } = cli;
  const server = cli.http({ data: await storeFolder(flags), tenant: flags.tenant });
  if (session_id !== undefined) {
    const ended = await server.request("end_session", { session_id });
    return flags.json ? terminal.json(ended, 2) : terminal.line(`${session_id} has ended`);
  }
  const { sessions } = await server.request("list_sessions");
  if (flags.json) return terminal.json({ sessions }, 2);
  if (sessions.length === 0) return terminal.note("no sessions are open");
  printTable(terminal, sessions, SESSION_COLUMNS);
}

const SESSION_COLUMNS: Column<SessionView>[] = [
  { title: "SESSION", value: ({ session_id }) => session_id },
  { title: "WHOSE", value: ({ actor }) => actorName(actor) },
  { title: "FROM", value: ({ ip }) => ip },
  { title: "BEGAN", value: ({ started_at }) => localDateTime(started_at) },
  { title: "LAST SEEN", value: ({ last_seen_at }) => localDateTime(last_seen_at) },
  { title: "ENDS", value: ({ expires_at }) => localDateTime(expires_at) },
];

async function openKeys(cli: Cli, store: StoreFiles, flags: KeysFlags): Promise<StoredKeys> {
  const { folder, isAudited } = await configuredStore(flags);
  try {
    return await store.keys({ folder, isAudited });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "PROCESS_ALREADY_EXISTS") throw error;
  }
  const server = cli.http({ data: folder, tenant: flags.tenant });
  return {
    // A key for all tenants is made by its own field.
    create: (key) => server.request("create_key", { key, tenant: undefined }),
    list: async () => (await server.request("list_keys")).keys,
    rotate: (key_id) => server.request("rotate_key", { key_id }),
    revoke: async (key_id) => void await server.request("revoke_key", { key_id }),
    close: () => Promise.resolve(),
  };
}

function newKey(name: string, { permissions, projects, expiresInDays, tenant }: KeysFlags): NewKey {
  const words = (list: string | undefined) => list?.split(",").map((word) => word.trim());
  const key = {
    name,
    permissions: words(permissions),
    projects: words(projects),
    expires_in_days: expiresInDays,
    tenant,
  };
  const parsed = NewKey.safeParse(key);
  if (!parsed.success) throw schemaError(NewKey, parsed.error.issues, key);
  return parsed.data;
}

function create(
  { terminal }: Cli,
  { json }: KeysFlags,
  { key, api_key }: { key: KeyView; api_key: string },
): void {
  if (json) return terminal.json({ key, api_key }, 2);
  terminal.line(api_key);
  terminal.note(`${key.id} (${key.permissions.join(", ")}): keep it, it is not shown again`);
}

function list({ terminal }: Cli, { json }: KeysFlags, keys: KeyView[]): void {
  if (json) return terminal.json({ keys }, 2);
  if (keys.length === 0) return terminal.note("no keys yet: opencode-agents keys create NAME");
  const shown = [
    { title: "KEY", value: ({ id }: KeyView) => id },
    { title: "NAME", value: ({ name }: KeyView) => name },
    { title: "MAY", value: ({ permissions }: KeyView) => permissions.join(",") },
    ...keys.some(({ tenant }) => tenant !== DEFAULT_TENANT)
      ? [{ title: "TENANT", value: ({ tenant }: KeyView) => tenant }]
      : [],
    { title: "PROJECTS", value: ({ projects }: KeyView) => projects?.join(",") ?? "all" },
    { title: "CREATED", value: ({ created_at }: KeyView) => localDateTime(created_at) },
    {
      title: "LAST USED",
      value: ({ last_used_at, last_used_from }: KeyView) =>
        last_used_at ? `${localDateTime(last_used_at)} from ${last_used_from}` : "never",
    },
    {
      title: "STATE",
      value: ({ revoked_at, expires_at }: KeyView) =>
        revoked_at
          ? `revoked ${localDateTime(revoked_at)}`
          : expires_at
          ? `until ${localDateTime(expires_at)}`
          : "valid",
    },
  ];
  printTable(terminal, keys, shown);
}
