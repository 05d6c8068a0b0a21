/** Agents in sandboxes, made by bubblewrap: what they see, what they can change, and what they try in vain. */
import assert from "node:assert/strict";
import { PATH_WITH_BWRAP, sandboxTest } from "../fixtures/bubblewrap.ts";
import { git, Repository } from "../fixtures/repository.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";

type Reply = Record<string, unknown>;
type Task = Reply & { status: string; error?: string };

/** A server whose agents run the prompt as a shell script, in a sandbox. */
async function withBoxes(
  test: (boxes: Boxes) => Promise<void>,
  { sandbox = {}, env = {}, agents = {} }: {
    sandbox?: Record<string, unknown>;
    env?: Record<string, string>;
    agents?: Record<string, unknown>;
  } = {},
): Promise<void> {
  const command = ["sh", "-c", 'exec sh -c "$TASK_PROMPT"'];
  const config = {
    agents: { box: { protocol: "command", command, sandbox: { kind: "bwrap", ...sandbox } }, ...agents },
    tasks: { default_agent: "box", allowed_dirs: ["."], working_dir: ".", max_concurrent: 4 },
    limits: { enabled: false },
  };
  await withServer({ config }, (server) => test(new Boxes(server)), { PATH: PATH_WITH_BWRAP, ...env });
}

class Boxes {
  #count = 0;
  constructor(readonly server: TestServer) {}

  get dir(): string {
    return this.server.dir;
  }

  async ask(message: Reply): Promise<Reply> {
    return (await this.server.post(message)).reply;
  }

  async start(prompt: string, execution: Reply = {}): Promise<string> {
    const id = `t${++this.#count}`;
    const task = {
      id,
      type: "testing",
      priority: "high",
      description: "a script",
      execution: { prompt, permissions: "allow", ...execution },
    };
    const reply = await this.ask({ type: "start_task", task });
    assert.equal(reply.type, "task_started", JSON.stringify(reply));
    return id;
  }

  async ended(id: string): Promise<Task> {
    let task!: Task;
    await until(async () => {
      task = (await this.ask({ type: "get_task_status", task_id: id })).task as Task;
      return ["completed", "failed", "cancelled"].includes(task.status);
    });
    return task;
  }

  /** What the script prints. */
  async run(prompt: string, execution: Reply = {}): Promise<string> {
    const id = await this.start(prompt, execution);
    const task = await this.ended(id);
    const { result } = await this.ask({ type: "get_task_result", task_id: id }) as {
      result?: { output?: string };
    };
    assert.equal(task.status, "completed", `${task.error}\n${result?.output}`);
    return result?.output ?? "";
  }

  async repository(name: string): Promise<Repository> {
    return await Repository.create(`${this.dir}/${name}`);
  }
}

sandboxTest(
  "sandbox: the agent changes its workspace, and sees neither the server's data nor others' folders",
  async () => {
    await withBoxes(async (boxes) => {
      const { dir, server } = boxes;
      await Deno.mkdir(`${dir}/other`);
      await Deno.writeTextFile(`${dir}/other/secret.txt`, "a secret of another task");
      await Deno.mkdir(`${dir}/mine`);
      const files = `${server.data} ${dir}/other ${dir}/config.json`;
      const output = await boxes.run(
        `echo made > made.txt
       find ${files} -type f 2>/dev/null | while read -r file; do cat "$file" && echo "READ $file"; done
       for place in "$HOME" /etc /usr /var ${dir} /run ${dir}/other; do touch "$place/sandbox-was-here" 2>/dev/null && echo "WROTE $place"; done
       echo private > /tmp/private && ls "$TMPDIR/private"
       ls /proc | grep -c '^[0-9]'
       cat /proc/self/status | grep -E 'CapEff|NoNewPrivs'
       echo x 2>/dev/null > /proc/sys/kernel/core_pattern && echo "WROTE core_pattern"
       exit 0`,
        { working_dir: `${dir}/mine` },
      );
      assert.equal(await Deno.readTextFile(`${dir}/mine/made.txt`), "made\n");
      assert.doesNotMatch(output, /READ|WROTE|secret/);
      assert.match(output, /\/private$/m);
      assert.match(output, /CapEff:\s+0+\nNoNewPrivs:\s+1/);
      const [, count] = /\/private\n(\d+)\n/.exec(output) ?? [];
      assert.ok(Number(count) < 10, `it sees ${count} processes`);
    });
  },
);

sandboxTest("sandbox: it commits in its worktree, and changes nothing else of the repository", async () => {
  await withBoxes(async (boxes) => {
    const repository = await boxes.repository("project");
    await repository.git("branch", "opencode-agents/other");
    await repository.git("branch", "opencode-agents/packed");
    await repository.git("pack-refs", "--all");
    const before = await repository.git("rev-parse", "main");
    const config = await Deno.readTextFile(`${repository.path}/.git/config`);
    const output = await boxes.run(
      `echo two > file.txt && git commit -qam "in the box" && git log -1 --format=%s
       common=$(git rev-parse --git-common-dir) own=$(git rev-parse --absolute-git-dir)
       git config alias.x '!touch /tmp/x' 2>/dev/null && echo CHANGED config
       echo '#!/bin/sh' 2>/dev/null > "$common/hooks/post-checkout" && echo CHANGED hooks
       mv "$common/hooks" "$common/old" 2>/dev/null && echo CHANGED hooks
       git update-ref refs/heads/main HEAD 2>/dev/null && echo CHANGED main
       git update-ref refs/heads/opencode-agents/other HEAD 2>/dev/null && echo CHANGED other
       git update-ref refs/heads/opencode-agents/packed HEAD 2>/dev/null && echo CHANGED packed
       git branch free 2>/dev/null && echo CHANGED branches
       git stash list >/dev/null; echo x > file.txt; git stash 2>/dev/null && echo CHANGED stash
       echo ../../evil 2>/dev/null > "$own/commondir" && echo CHANGED commondir
       { rm -f "$own/commondir" || mv "$own" "$own-2"; } 2>/dev/null && echo CHANGED place
       { rm -f .git || mv .git old; } 2>/dev/null && echo CHANGED link
       echo x 2>/dev/null > "$common/../file.txt" && echo CHANGED checkout
       rm -rf "$common"/objects/pack 2>/dev/null && echo CHANGED packs
       for id in $(git rev-list --objects main | cut -d' ' -f1); do rm -f "$common"/objects/*/"$(echo "$id" | cut -c3-)"; done
       exit 0`,
      { working_dir: repository.path, isolation: "worktree" },
    );
    assert.match(output, /^in the box$/m);
    assert.doesNotMatch(output, /CHANGED/);
    assert.equal(await repository.git("log", "-1", "--format=%s", "opencode-agents/t1~1"), "in the box");
    // What it has deleted is in a pack, too.
    assert.equal(await repository.git("show", "main:file.txt"), "one");
    await repository.git("fsck", "--full", "--strict");
    assert.equal(
      await repository.git("rev-parse", "main", "opencode-agents/other", "opencode-agents/packed"),
      `${before}\n${before}\n${before}`,
    );
    assert.equal(await Deno.readTextFile(`${repository.path}/.git/config`), config);
    assert.equal(await repository.git("status", "--porcelain"), "");
  });
});

sandboxTest(
  "sandbox: in a checkout it commits, but its configuration and hooks stay, and .git cannot be replaced",
  async () => {
    await withBoxes(async (boxes) => {
      const repository = await boxes.repository("project");
      await repository.git("worktree", "add", "-q", "../beside", "-b", "beside");
      const output = await boxes.run(
        `echo two > file.txt && git commit -qam "in the box" && git log -1 --format=%s
       git config core.fsmonitor /tmp/x 2>/dev/null && echo CHANGED config
       git config --worktree core.fsmonitor /tmp/x 2>/dev/null && echo CHANGED config.worktree
       echo x 2>/dev/null > .git/hooks/pre-commit && echo CHANGED hooks
       { mv .git .old || rm -rf .git/config .git/hooks || mv .git/hooks .git/h; } 2>/dev/null && echo CHANGED place
       git branch mine && git branch --list mine
       git update-ref refs/opencode-agents/kept/x HEAD 2>/dev/null && echo CHANGED kept
       rm -rf .git/worktrees/beside 2>/dev/null && echo CHANGED worktrees
       exit 0`,
        { working_dir: repository.path },
      );
      assert.match(output, /^in the box$/m);
      assert.match(output, /^ {2}mine$/m);
      assert.doesNotMatch(output, /CHANGED/);
      assert.equal(await git(`${boxes.dir}/beside`, "status", "--porcelain"), "");
    });
  },
);

sandboxTest("sandbox: what links and names lead to is what is seen, not what is outside", async () => {
  await withBoxes(async (boxes) => {
    const { dir, server } = boxes;
    const address = `${server.data}/address.json`;
    await Deno.mkdir(`${dir}/mine`);
    const output = await boxes.run(
      `ln -s ${server.data} data && ls data/ | grep -v -e agents -e tmp
       ln -s / root && touch root/etc/sandbox-was-here 2>/dev/null && echo WROTE
       for pid in /proc/[0-9]*; do
         for way in root cwd; do find "$pid/$way${server.data}" -name 'address*' -o -name '*.sqlite*' 2>/dev/null; done
         for fd in "$pid"/fd/*; do find "$fd/.." -maxdepth 1 -name 'proj*' 2>/dev/null; done
       done
       kill -0 ${server.pid} 2>/dev/null && echo SIGNALLED
       kill -9 ${server.pid} 2>/dev/null && echo SIGNALLED
       cat ${address} 2>/dev/null && echo READ
       env | grep SECRET_OF_THE | grep -v TASK && echo READ
       exit 0`,
      { working_dir: `${dir}/mine` },
    );
    assert.equal(output.trim(), "");
    assert.equal((await boxes.ask({ type: "ping" })).type, "pong");
  }, { env: { SECRET_OF_THE_SERVER: "x" } });
});

sandboxTest(
  "sandbox: a folder that has become a link is not entered, and a later task keeps to what is its own",
  async () => {
    await withBoxes(async (boxes) => {
      const repository = await boxes.repository("victim");
      await Deno.mkdir(`${boxes.dir}/mine`);
      // A file that leads git elsewhere does not open that to the next task.
      await boxes.run(`echo "gitdir: ${repository.path}/.git" > .git`, { working_dir: `${boxes.dir}/mine` });
      const output = await boxes.run(
        `touch ${repository.path}/.git/x 2>/dev/null && echo WROTE; ls -A ${repository.path} 2>/dev/null; exit 0`,
        { working_dir: `${boxes.dir}/mine` },
      );
      assert.equal(output.trim(), "");
      const id = await boxes.start("exit 0", { working_dir: `${boxes.dir}/mine`, isolation: "worktree" });
      const { status, error } = await boxes.ended(id);
      assert.deepEqual([status, /belongs elsewhere/.test(String(error))], ["failed", true], error);
    });
  },
);

sandboxTest(
  "sandbox: a request from inside counts as the agent's, whatever it shows; without network there is none",
  async () => {
    const quiet = { protocol: "command", command: ["sh", "-c", 'exec sh -c "$TASK_PROMPT"'] };
    await withBoxes(async (boxes) => {
      const { url } = boxes.server;
      const program = `
      const send = (message) => fetch("${url}/api", { method: "POST", body: JSON.stringify(message) }).then((r) => r.json());
      console.log(JSON.stringify(await send({ type: "prune_worktrees", dry_run: true })));
      const task = { id: "child", type: "testing", priority: "high", description: "x", execution: { prompt: "exit 0" } };
      console.log(JSON.stringify(await send({ type: "start_task", task })));`;
      await Deno.writeTextFile(`${boxes.dir}/ask.ts`, program);
      await Deno.mkdir(`${boxes.dir}/mine`);
      await Deno.copyFile(`${boxes.dir}/ask.ts`, `${boxes.dir}/mine/ask.ts`);
      const ask = `unset OPENCODE_AGENTS_TASK_TOKEN; ${Deno.execPath()} run -A --no-config ask.ts`;
      const output = await boxes.run(ask, { working_dir: `${boxes.dir}/mine` });
      assert.match(output, /PERMISSION_DENIED/);
      const { task } = await boxes.ask({ type: "get_task_status", task_id: "child" }) as {
        task: { created_by: Reply };
      };
      assert.equal(task.created_by.kind, "agent");
      const alone = await boxes.run(
        `${ask} 2>&1 | grep -o -i -m1 -e 'connect error' -e refused -e unreachable; exit 0`,
        {
          working_dir: `${boxes.dir}/mine`,
          agent: "alone",
        },
      );
      assert.notEqual(alone.trim(), "");
    }, { agents: { alone: { ...quiet, sandbox: { kind: "bwrap", network: false } } } });
  },
);

sandboxTest(
  "sandbox: write and read open more, links resolved; a place that is missing is named before the task starts",
  async () => {
    const dir = await Deno.realPath(await Deno.makeTempDir());
    try {
      await Deno.mkdir(`${dir}/real`);
      await Deno.mkdir(`${dir}/lib`);
      await Deno.writeTextFile(`${dir}/lib/a.txt`, "readable");
      await Deno.symlink(`${dir}/real`, `${dir}/link`);
      const command = ["sh", "-c", 'exec sh -c "$TASK_PROMPT"'];
      const lost = { protocol: "command", command, sandbox: { kind: "bwrap", write: [`${dir}/none`] } };
      await withBoxes(async (boxes) => {
        const output = await boxes.run(
          `echo x > ${dir}/real/made.txt; cat ${dir}/lib/a.txt; touch ${dir}/lib/b 2>/dev/null && echo WROTE; exit 0`,
        );
        assert.equal(output.trim(), "readable");
        assert.equal(await Deno.readTextFile(`${dir}/real/made.txt`), "x\n");
        const task = {
          id: "lost",
          type: "testing",
          priority: "high",
          description: "x",
          execution: { agent: "lost" },
        };
        const error = await boxes.ask({ type: "start_task", task }) as Reply & { details: Reply };
        assert.equal(error.code, "SERVICE_UNAVAILABLE");
        assert.equal(error.details.field, "agents.lost.sandbox.write[0]");
      }, { sandbox: { write: [`${dir}/link`], read: [`${dir}/lib`] }, agents: { lost } });
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
);

sandboxTest(
  "sandbox: what a command leaves running is named and ends with it, and a cancelled one with all that it has started",
  async () => {
    await withBoxes(async (boxes) => {
      const mark = `36${Math.floor(Math.random() * 1e6)}`;
      const task_id = await boxes.start(`(setsid sleep ${mark}) >/dev/null 2>&1 & exit 0`);
      assert.equal((await boxes.ended(task_id)).status, "completed");
      const { result } = await boxes.ask({ type: "get_task_result", task_id }) as {
        result: { left_running?: { command: string }[] };
      };
      assert.deepEqual(result.left_running?.map(({ command }) => command), [`sleep ${mark}`]);
      await until(async () => await boxes.server.processesMatching(`sleep ${mark}`) === 0);
      const id = await boxes.start(`setsid sleep ${mark} & sleep ${mark}`);
      await until(async () => await boxes.server.processesMatching(`sleep ${mark}`) > 0);
      await boxes.ask({ type: "cancel_task", task_id: id });
      await until(async () => await boxes.server.processesMatching(`sleep ${mark}`) === 0);
    });
  },
);

sandboxTest(
  "sandbox: checks, and the setup of a worktree, run in the sandbox of the task's agent",
  async () => {
    const look = [
      "sh",
      "-c",
      "ls $DATA/*.sqlite* $DATA/*.json 2>/dev/null && exit 1; touch $DATA/../x 2>/dev/null && exit 1; git status",
    ];
    await withBoxes(async (boxes) => {
      const repository = await boxes.repository("project");
      const env = { DATA: boxes.server.data };
      for (const isolation of ["worktree", "none"]) {
        const id = await boxes.start("echo two > file.txt", {
          ...{ working_dir: repository.path, isolation, checks: [look], env },
        });
        const task = await boxes.ended(id);
        const { result } = await boxes.ask({ type: "get_task_result", task_id: id }) as {
          result: { checks: { ok: boolean; output: string }[] };
        };
        assert.equal(task.status, "completed", JSON.stringify(result));
        assert.match(
          result.checks[0]!.output,
          /file\.txt|nothing to commit|no changes/,
          JSON.stringify(result),
        );
      }
      const other = await boxes.start("echo three > file.txt", { ...{ agent: "free", checks: [look], env } });
      assert.equal((await boxes.ended(other)).status, "failed");
    }, { agents: { free: { protocol: "command", command: ["true"] } } });
  },
);

sandboxTest(
  "sandbox: list_agents shows it, and an agent that asks for nothing may be denied all but what it allows",
  async () => {
    const command = ["sh", "-c", "exit 0"];
    await withBoxes(async (boxes) => {
      const { agents } = await boxes.ask({ type: "list_agents" }) as { agents: Reply[] };
      const box = agents.find(({ name }) => name === "box")!;
      assert.deepEqual(box.sandbox, { kind: "bwrap", network: true, home: "own", read: [], write: [] });
      assert.equal(box.sandbox_problem, undefined);
      assert.equal(agents.find(({ name }) => name === "free")!.sandbox, undefined);
      await boxes.run("exit 0", { permissions: "deny" });
      const task = {
        id: "free",
        type: "testing",
        priority: "high",
        description: "x",
        execution: { agent: "free", permissions: "deny" },
      };
      assert.equal((await boxes.ask({ type: "start_task", task })).code, "INVALID_FIELD_VALUE");
    }, {
      sandbox: { home: "own" },
      agents: { free: { protocol: "command", command, sandbox: { kind: "none" } } },
    });
  },
);

sandboxTest(
  "sandbox: the figures of an agent are those of its program, not of what holds the sandbox",
  async () => {
    await withBoxes(async (boxes) => {
      const id = await boxes.start("exec sleep 3000");
      await until(async () => {
        const { processes, data } = await boxes.ask({ type: "request_claude_processes" }) as Record<
          string,
          Reply[] & Reply
        >;
        const own = ((processes ?? data?.processes ?? []) as Reply[]).filter(({ task_id }) => task_id === id);
        return own.length === 1 && own[0]!.name === "sleep";
      });
      const { data } = await boxes.ask({ type: "request_status" }) as { data: { agents: Reply[] } };
      assert.ok(Number(data.agents[0]!.memory_usage) > 0, JSON.stringify(data.agents));
      await boxes.ask({ type: "cancel_task", task_id: id });
      await boxes.ended(id);
    });
  },
);

sandboxTest("sandbox: what it has configured in repositories inside is run by no git outside", async () => {
  const mark = `${await Deno.makeTempDir()}/ran`;
  const env = { PROGRAM: `#!/bin/sh\ntr '\\0' ' ' </proc/$PPID/cmdline >>${mark}\ncat\n` };
  const evil = `
    mkdir inner && cd inner && git init -q && git config user.name x && git config user.email x@x
    echo "*.txt filter=evil diff=evil merge=evil" > .gitattributes && echo one > a.txt
    git add -A && git commit -qm one
    printf %s "$PROGRAM" > ../run.sh && chmod 755 ../run.sh
    run="$PWD/../run.sh"
    for key in filter.evil.clean filter.evil.smudge filter.evil.process diff.evil.textconv diff.evil.command diff.external core.fsmonitor core.sshCommand core.pager core.editor gpg.program merge.evil.driver; do git config $key "$run"; done
    for hook in pre-commit post-checkout post-index-change reference-transaction; do cp ../run.sh .git/hooks/$hook; done
    echo two > a.txt; cd ..; cp inner/.gitattributes .; echo x > b.txt
    git add -A; git commit -qm outer; echo three > inner/a.txt; echo y > b.txt`;
  await withBoxes(async (boxes) => {
    const repository = await boxes.repository("project");
    for (const isolation of ["worktree", "none"]) {
      const id = await boxes.start(`${evil}; exit 0`, { working_dir: repository.path, isolation, env });
      assert.equal((await boxes.ended(id)).status, "completed");
      await boxes.ask({ type: "get_task_changes", task_id: id });
      if (isolation === "worktree") {
        await boxes.ask({ type: "accept_changes", task_id: id });
        await boxes.ask({ type: "discard_changes", task_id: id });
      }
    }
    // A folder in no repository becomes one.
    await Deno.mkdir(`${boxes.dir}/plain`);
    for (let time = 0; time < 2; time++) {
      const id = await boxes.start(
        `git init -q . 2>/dev/null; ${evil}; mv inner/.git/config .git/config; exit 0`,
        { env, working_dir: `${boxes.dir}/plain` },
      );
      await boxes.ended(id);
      await boxes.ask({ type: "get_task_changes", task_id: id });
    }
    assert.equal(
      await Deno.stat(mark).then(() => true, () => false),
      false,
      await Deno.readTextFile(mark).catch(() => ""),
    );
  });
});

Deno.test({
  name:
    "sandbox: without bubblewrap, and where the kernel refuses it, a task is refused and says what is missing",
  ignore: Deno.build.os !== "linux",
}, async () => {
  const bin = await Deno.makeTempDir();
  const command = ["sh", "-c", "echo RAN"];
  const config = {
    agents: { box: { protocol: "command", command, sandbox: { kind: "bwrap" } } },
    tasks: { default_agent: "box" },
  };
  const task = { id: "t", type: "testing", priority: "high", description: "x" };
  // The programs that a server needs, and no bubblewrap.
  for (const name of ["sh", "ps", "kill", "git", "setsid", "cat", "id", "deno"]) {
    for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
      const isThere = await Deno.stat(`${folder}/${name}`).then(() => true, () => false);
      if (isThere) await Deno.symlink(`${folder}/${name}`, `${bin}/${name}`).catch(() => {});
    }
  }
  try {
    const refusal = async (server: TestServer) => {
      const { reply } = await server.post({ type: "start_task", task });
      return reply as { code: string; message: string; details: { missing: string[] } };
    };
    await withServer({ config }, async (server) => {
      const error = await refusal(server);
      const { reply: health } = await server.post({ type: "request_system_health" });
      assert.match(JSON.stringify(health), /SANDBOX_UNAVAILABLE/);
      const { reply: listed } = await server.post({ type: "list_agents" });
      assert.match(JSON.stringify(listed), /"todo":"No sandbox: bubblewrap is not installed/);
      assert.equal(error.code, "SERVICE_UNAVAILABLE");
      assert.match(error.message, /bubblewrap/);
      assert.deepEqual(error.details.missing, ["bwrap"]);
      await Deno.writeTextFile(
        `${bin}/bwrap`,
        "#!/bin/sh\necho 'bwrap: No permissions to create new namespace, likely because the kernel does not allow it' >&2\nexit 1\n",
        { mode: 0o755 },
      );
      const refused = await refusal(server);
      assert.equal(refused.code, "SERVICE_UNAVAILABLE");
      assert.match(refused.message, /does not allow it/);
      assert.deepEqual(refused.details.missing, ["user namespaces"]);
    }, { PATH: bin });
  } finally {
    await Deno.remove(bin, { recursive: true });
  }
});
