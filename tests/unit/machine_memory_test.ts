/** The memory that control groups leave to the server, and the disk as `df` shows it. */
import assert from "node:assert/strict";
import { START_PERMISSIONS } from "../../scripts/start_flags.ts";
import { slotsFor } from "../../src/boot/config_file.ts";
import { groupMemory } from "../../src/host/resources/control_groups.ts";
import { diskUse } from "../../src/host/resources/disk.ts";
import { limitedMemory } from "../../src/host/resources/memory.ts";

const GB = 1 << 30;
const NO_LIMIT_V1 = "9223372036854771712";
const MACHINE = { total: 16 * GB, available: 10 * GB };

/** `mountinfo`'s line of a hierarchy. */
const mount = (type: "cgroup" | "cgroup2", point: string, root = "/", options = "rw") =>
  `35 24 0:30 ${root} ${point} rw,nosuid,nodev shared:9 master:1 - ${type} cgroup ${options}\n`;

function memory(files: Record<string, string>) {
  return groupMemory((path) => files[path]);
}

Deno.test("memory: version 2 in a container, which sees its own group as the root", () => {
  const found = memory({
    "/proc/self/cgroup": "0::/\n",
    "/proc/self/mountinfo": mount("cgroup2", "/sys/fs/cgroup"),
    "/sys/fs/cgroup/memory.max": `${2 * GB}\n`,
    "/sys/fs/cgroup/memory.high": "max\n",
    "/sys/fs/cgroup/memory.current": `${GB}\n`,
    "/sys/fs/cgroup/memory.stat": `anon 5\nfile 7\ninactive_anon 3\ninactive_file ${GB / 2}\n`,
  });
  assert.deepEqual(found, { limit: 2 * GB, available: 1.5 * GB });
  assert.deepEqual(limitedMemory(MACHINE, found), {
    total: 2 * GB,
    available: 1.5 * GB,
    used: GB / 2,
    used_percent: 25,
  });
  assert.equal(slotsFor(4, found!.limit), 2);
});

Deno.test("memory: version 2 nested, the smallest limit on the way up counts, and what is left in the fullest group", () => {
  const at = "/sys/fs/cgroup";
  const found = memory({
    "/proc/self/cgroup": "0::/system.slice/agents.service/inner\n",
    "/proc/self/mountinfo": mount("cgroup2", at),
    [`${at}/system.slice/memory.max`]: `${4 * GB}\n`,
    [`${at}/system.slice/memory.current`]: `${3.75 * GB}\n`,
    [`${at}/system.slice/agents.service/memory.max`]: "max\n",
    [`${at}/system.slice/agents.service/memory.high`]: `${3 * GB}\n`,
    [`${at}/system.slice/agents.service/memory.current`]: `${GB}\n`,
    [`${at}/system.slice/agents.service/inner/memory.max`]: `${8 * GB}\n`,
    [`${at}/system.slice/agents.service/inner/memory.current`]: `${GB}\n`,
  });
  assert.deepEqual(found, { limit: 3 * GB, available: GB / 4 });
});

Deno.test("memory: version 1, among other controllers, in a container and on a machine", () => {
  const v1 = "/sys/fs/cgroup/memory";
  const groups = "11:cpu,cpuacct:/docker/a\n4:hugetlb,memory:/docker/a\n1:name=systemd:/docker/a\n";
  const mounts = [
    mount("cgroup", "/sys/fs/cgroup/cpu", "/docker/a", "rw,cpu"),
    mount("cgroup", v1, "/docker/a", "rw,hugetlb,memory"),
    mount("cgroup2", "/sys/fs/cgroup/unified"),
  ].join("");
  const container = {
    "/proc/self/cgroup": groups,
    "/proc/self/mountinfo": mounts,
    [`${v1}/memory.limit_in_bytes`]: `${GB}\n`,
    [`${v1}/memory.usage_in_bytes`]: `${GB / 2}\n`,
    [`${v1}/memory.stat`]: `cache 1\nhierarchical_memory_limit ${GB}\ntotal_inactive_file ${GB / 4}\n`,
  };
  assert.deepEqual(memory(container), { limit: GB, available: 0.75 * GB });
  // The limit of a group around it, which the container does not see.
  const pod = { ...container, [`${v1}/memory.stat`]: `hierarchical_memory_limit ${GB / 2}\n` };
  assert.equal(memory(pod)?.limit, GB / 2);

  const onMachine = memory({
    ...container,
    "/proc/self/mountinfo": mount("cgroup", v1, "/", "rw,memory"),
    [`${v1}/memory.limit_in_bytes`]: NO_LIMIT_V1,
    [`${v1}/memory.stat`]: "",
    [`${v1}/docker/memory.limit_in_bytes`]: NO_LIMIT_V1,
    [`${v1}/docker/a/memory.limit_in_bytes`]: `${2 * GB}\n`,
    [`${v1}/docker/a/memory.usage_in_bytes`]: "0\n",
  });
  assert.equal(onMachine?.limit, 2 * GB);
});

Deno.test("memory: where no group has a limit, the machine's counts", () => {
  assert.equal(memory({}), undefined);
  assert.equal(memory({ "/proc/self/cgroup": "0::/\n", "/proc/self/mountinfo": "" }), undefined);
  const unlimited = memory({
    "/proc/self/cgroup": "0::/user.slice\n4:memory:/\n",
    "/proc/self/mountinfo": mount("cgroup2", "/sys/fs/cgroup") + mount("cgroup", "/sys/m", "/", "rw,memory"),
    "/sys/fs/cgroup/user.slice/memory.max": "max\n",
    "/sys/fs/cgroup/user.slice/memory.current": "1\n",
    "/sys/m/memory.limit_in_bytes": NO_LIMIT_V1,
    "/sys/m/memory.usage_in_bytes": "1\n",
  });
  for (const group of [undefined, unlimited]) {
    assert.deepEqual(limitedMemory(MACHINE, group), { ...MACHINE, used: 6 * GB, used_percent: 37.5 });
  }
});

Deno.test("memory: a mount point with a space, and a group from outside the container", () => {
  const found = memory({
    "/proc/self/cgroup": "0::/../other\n",
    "/proc/self/mountinfo": mount("cgroup2", "/my\\040groups"),
    "/my groups/memory.max": `${GB}\n`,
    "/my groups/memory.current": `${2 * GB}\n`,
  });
  assert.deepEqual(found, { limit: GB, available: 0 });
});

/** A group of version 1 or 2 with this limit; undefined where none may be made. */
async function limitedGroup(name: string, limit: number): Promise<string | undefined> {
  for (
    const [root, file] of [["/sys/fs/cgroup/memory", "memory.limit_in_bytes"], [
      "/sys/fs/cgroup",
      "memory.max",
    ]]
  ) {
    try {
      await Deno.mkdir(`${root}/${name}`);
    } catch {
      continue;
    }
    try {
      await Deno.writeTextFile(`${root}/${name}/${file}`, String(limit));
      return `${root}/${name}`;
    } catch {
      // The controller is not switched on here.
      await Deno.remove(`${root}/${name}`);
    }
  }
}

Deno.test("memory: a real group limits the slots", async (t) => {
  const folder = await limitedGroup(`oa-test-${crypto.randomUUID()}`, 2 * GB);
  try {
    await t.step({
      name: "of a program in it",
      ignore: folder === undefined,
      async fn() {
        const main = new URL("../../main.ts", import.meta.url).pathname;
        const printed = async (...args: string[]): Promise<string> => {
          const { stdout, stderr } = await new Deno.Command("sh", {
            args: ["-c", 'echo 0 > "$0/cgroup.procs" && exec "$@"', folder!, Deno.execPath(), "run"]
              .concat("--no-prompt", "--no-check", "--unstable-kv", ...args),
          }).output();
          const text = new TextDecoder();
          assert.ok(stdout.length > 0, text.decode(stderr));
          return text.decode(stdout);
        };
        const slots = async (...permissions: readonly string[]) =>
          JSON.parse(await printed(...permissions, main, "--print-config")).tasks.max_concurrent;
        assert.equal(await slots("-A"), 2);
        // With named permissions Deno does not open /proc and /sys.
        assert.equal(await slots(...START_PERMISSIONS), 2);
        const probe = new URL("fixtures/memory_probe.ts", import.meta.url).pathname;
        for (const permissions of [["-A"], START_PERMISSIONS]) {
          const { total, used } = JSON.parse(await printed(...permissions, probe));
          assert.equal(total, 2 * GB);
          // What the group uses, not what the machine does.
          assert.ok(used > 1_000_000 && used < 400_000_000, `${used} with ${permissions}`);
        }
      },
    });
  } finally {
    if (folder !== undefined) await Deno.remove(folder);
  }
});

Deno.test("disk: blocks reserved for the administrator count neither as used nor as free", () => {
  assert.deepEqual(diskUse({ blocks: 1000, bfree: 100, bavail: 50, bsize: 4096 }), {
    disk_usage: 94.74,
    disk_used: 900 * 4096,
    disk_total: 1000 * 4096,
    disk_free: 50 * 4096,
  });
  assert.equal(diskUse({ blocks: 0, bfree: 0, bavail: 0, bsize: 4096 }).disk_usage, 0);
});
