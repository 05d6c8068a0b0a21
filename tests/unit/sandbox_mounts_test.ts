/** The mounts of a sandbox and bubblewrap's arguments, as a table. */
import assert from "node:assert/strict";
import { mountsOf, sandboxArguments, type SeenPlace } from "../../src/host/sandbox/mounts.ts";
import { homeVariables, placesSeen, type SandboxFacts } from "../../src/host/sandbox/view.ts";

const hide = (path: string): SeenPlace => ({ path, access: "hide" });
const read = (path: string): SeenPlace => ({ path, access: "read" });
const write = (path: string): SeenPlace => ({ path, access: "write" });
const guard = (path: string): SeenPlace => ({ path, access: "guard" });

const shown = (places: SeenPlace[]) =>
  mountsOf(places).map(({ path, access, from }) =>
    `${access} ${path}${from === undefined ? "" : ` from ${from}`}`
  );

const TABLE: { name: string; places: SeenPlace[]; mounts: string[] }[] = [
  {
    name: "what the whole system is already needs no mount",
    places: [read("/usr"), guard("/etc")],
    mounts: [],
  },
  {
    name: "the most specific place counts, in whatever order they are named",
    places: [write("/srv/data/run"), read("/srv/data/lib"), hide("/srv/data"), write("/srv")],
    mounts: ["write /srv", "hide /srv/data", "read /srv/data/lib", "write /srv/data/run"],
  },
  {
    name: "of several for one path, the strongest",
    places: [hide("/a"), guard("/a/b"), write("/a"), read("/a"), write("/a/b")],
    mounts: ["write /a", "guard /a/b"],
  },
  {
    name: "a name that begins like another is not inside it",
    places: [write("/a/work"), hide("/a/work-2"), write("/a/work-2/x")],
    mounts: ["write /a/work", "hide /a/work-2", "write /a/work-2/x"],
  },
  {
    name: "a guard protects what may be written, and shows nothing that is hidden",
    places: [hide("/a"), guard("/a/config"), write("/a/repo"), guard("/a/repo/config")],
    mounts: ["hide /a", "write /a/repo", "guard /a/repo/config"],
  },
  {
    name: "what may be written is not made read-only by being shown",
    places: [write("/w"), read("/w/node_modules")],
    mounts: ["write /w"],
  },
  {
    name: "the folders on the way to a guard cannot be moved",
    places: [write("/w"), guard("/w/.git/x/hooks"), hide("/w/secret")],
    mounts: ["write /w", "write /w/.git", "write /w/.git/x", "guard /w/.git/x/hooks", "hide /w/secret"],
  },
  {
    name: "what stands in for a folder hides what is in that",
    places: [
      { path: "/tmp", access: "write", from: "/d/tmp/run" },
      write("/tmp/repo"),
      hide("/tmp/other"),
      hide("/d"),
    ],
    mounts: ["hide /d", "write /tmp from /d/tmp/run", "hide /tmp/other", "write /tmp/repo"],
  },
];

for (const { name, places, mounts } of TABLE) {
  Deno.test(`Mounts: ${name}`, () => assert.deepEqual(shown(places), mounts));
}

const FACTS: SandboxFacts = {
  working_dir: "/d/worktrees/t1",
  root: { path: "/d/worktrees/t1", isOwn: true },
  tmp_dir: "/d/tmp/run-1",
  read: ["/opt/data"],
  write: ["/srv/cache"],
  home: {
    path: "/home/u",
    kind: "shared",
    secret_folders: ["/home/u/.ssh"],
    secret_files: ["/home/u/.netrc"],
    caches: "/d/agents/a/caches",
  },
  kept: { writes: ["/home/u/.agent"], guards: ["/home/u/.agent/settings.json"] },
  data: "/d",
  workplaces: ["/home/u/code", "/home"],
  secret_files: ["/etc/oa.json"],
  programs: ["/home/u/code/tools/bin", "/d/never"],
  git: [],
  of_run: ["/run/resolv.conf"],
};

Deno.test("An agent sees its workspace, what is named and what its make keeps, and no other place of tasks or secrets", () => {
  assert.deepEqual(shown(placesSeen(FACTS)), [
    "hide /d",
    "write /d/agents/a/caches",
    "write /d/tmp/run-1",
    "write /d/worktrees/t1",
    "hide /etc/oa.json",
    "write /home/u/.agent",
    "guard /home/u/.agent/settings.json",
    "hide /home/u/.netrc",
    "hide /home/u/.ssh",
    // "/home" would hide the account's programs.
    "hide /home/u/code",
    "read /home/u/code/tools/bin",
    "hide /run",
    "read /run/resolv.conf",
    "write /srv/cache",
    "write /tmp from /d/tmp/run-1",
    "hide /var/tmp",
  ]);
});

Deno.test("With a home of its own, an agent sees nothing of the account's", () => {
  const home = { path: "/home/u", kind: "own", own: "/d/agents/a/home" } as const;
  const mounts = shown(
    placesSeen({ ...FACTS, home, kept: { writes: [], guards: [] }, workplaces: ["/home/u/code"] }),
  );
  assert.ok(mounts.includes("hide /home/u"));
  assert.ok(mounts.includes("write /d/agents/a/home"));
  assert.ok(mounts.includes("read /home/u/code/tools/bin"));
  assert.ok(!mounts.some((one) => one.includes(".ssh")));
  assert.deepEqual(homeVariables(home, { HOME: "/home/u" }), { HOME: "/d/agents/a/home" });
});

Deno.test("A file of secrets in the workspace can be read there, but not be replaced", () => {
  const mounts = shown(
    placesSeen({ ...FACTS, working_dir: "/p", root: undefined, secret_files: ["/p/conf/oa.json"] }),
  );
  assert.ok(mounts.includes("write /p/conf"));
  assert.ok(mounts.includes("guard /p/conf/oa.json"));
});

Deno.test("bubblewrap makes each mount, and takes power and what is shared away", () => {
  const places = [
    write("/w"),
    guard("/w/.git"),
    hide("/d"),
    { ...hide("/etc/oa.json"), isFile: true },
    read("/d/lib"),
  ];
  const args = sandboxArguments({ places, network: true, isRoot: true, cwd: "/w" });
  const text = args.join(" ");
  assert.match(text, /--unshare-pid/);
  assert.match(text, /--new-session --cap-drop ALL --ro-bind \/ \/ --dev \/dev --proc \/proc/);
  // Without power too, root could change the kernel's settings.
  assert.match(text, /--ro-bind-try \/proc\/sys \/proc\/sys/);
  assert.match(
    text,
    /--tmpfs \/d --ro-bind \/d\/lib \/d\/lib --ro-bind \/dev\/null \/etc\/oa.json --bind \/w \/w --ro-bind \/w\/.git \/w\/.git --remount-ro \/d --chdir \/w --$/,
  );
  assert.doesNotMatch(text, /--unshare-net/);
  assert.match(
    sandboxArguments({ places, network: false, isRoot: false, cwd: "/w" }).join(" "),
    /--unshare-net/,
  );
});
