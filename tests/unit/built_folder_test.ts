/** What is built from the sources is never out of date, never half made, and made once. */
import assert from "node:assert/strict";
import { builtFolder, type Recipe } from "../../scripts/built_folder.ts";

interface Checkout {
  root: string;
  recipe: Recipe;
  /** How often the folder was made. */
  made: number;
}

/** A checkout with one source, which is copied to a file named after its text. */
async function withCheckout(test: (checkout: Checkout) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "oa-built-" });
  const checkout: Checkout = {
    root,
    made: 0,
    recipe: {
      name: "page",
      inputs: ["src", "settings.json"],
      entry: "main.js",
      async make(folder) {
        checkout.made++;
        const text = await Deno.readTextFile(`${root}/src/a.ts`);
        await Deno.writeTextFile(`${folder}/${text}.js`, "");
        await Deno.writeTextFile(`${folder}/main.js`, text);
      },
    },
  };
  try {
    await Deno.mkdir(`${root}/src`);
    await Deno.writeTextFile(`${root}/settings.json`, "{}");
    await Deno.writeTextFile(`${root}/src/a.ts`, "one");
    await test(checkout);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("built: made once, and again when a source changes, is added or is removed", () =>
  withCheckout(async (checkout) => {
    const { root, recipe } = checkout;
    const folder = await builtFolder(recipe, root);
    assert.deepEqual(namesIn(folder), [".sources", "main.js", "one.js"]);
    await builtFolder(recipe, root);
    assert.equal(checkout.made, 1);

    // As long as before, and as old.
    const { mtime } = await Deno.stat(`${root}/src/a.ts`);
    await Deno.writeTextFile(`${root}/src/a.ts`, "two");
    await Deno.utime(`${root}/src/a.ts`, mtime!, mtime!);
    await builtFolder(recipe, root);
    assert.equal(await Deno.readTextFile(`${folder}/main.js`), "two");
    assert.deepEqual(namesIn(folder), [".sources", "main.js", "two.js"], "a file of the last build is left");

    await Deno.mkdir(`${root}/dist/.page-killed`);
    await Deno.writeTextFile(`${root}/src/b.ts`, "");
    await builtFolder(recipe, root);
    await Deno.remove(`${root}/src/b.ts`);
    await builtFolder(recipe, root);
    assert.equal(checkout.made, 4);
    assert.deepEqual(namesIn(`${root}/dist`), [".page.lock", "page"], "something is left over");
  }));

Deno.test("built: of several that start at the same time, one builds", () =>
  withCheckout(async (checkout) => {
    const { root, recipe } = checkout;
    await Promise.all(Array.from({ length: 5 }, () => builtFolder(recipe, root)));
    assert.equal(checkout.made, 1);
  }));

Deno.test("built: a source that changes during the build makes the next start build again", () =>
  withCheckout(async ({ root, recipe }) => {
    const folder = await builtFolder({
      ...recipe,
      async make(fresh) {
        await recipe.make(fresh);
        await Deno.writeTextFile(`${root}/src/a.ts`, "two");
      },
    }, root);
    await builtFolder(recipe, root);
    assert.equal(await Deno.readTextFile(`${folder}/main.js`), "two");
  }));

Deno.test("built: a build that fails is said, changes nothing, and does not pass for done", () =>
  withCheckout(async (checkout) => {
    const { root, recipe } = checkout;
    const folder = await builtFolder(recipe, root);
    await Deno.writeTextFile(`${root}/src/a.ts`, "two");
    const failing = { ...recipe, make: () => Promise.reject(new Error("no bundler")) };
    for (let i = 0; i < 2; i++) await assert.rejects(builtFolder(failing, root), /no bundler/);
    assert.deepEqual(namesIn(folder), [".sources", "main.js", "one.js"]);
    assert.deepEqual(namesIn(`${root}/dist`), [".page.lock", "page"]);
    await builtFolder(recipe, root);
    assert.equal(await Deno.readTextFile(`${folder}/main.js`), "two");
  }));

/** Builds in a process that may only read. Resolves to what it says. */
async function readOnlyBuild({ root, recipe: { name, inputs, entry } }: Checkout): Promise<string> {
  const module = new URL("../../scripts/built_folder.ts", import.meta.url).href;
  const given = JSON.stringify({ name, inputs, entry });
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--allow-read", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const script = new Blob([`
    import { builtFolder } from "${module}";
    const recipe = { ...${given}, make() { throw new Error("it is made"); } };
    await builtFolder(recipe, "${root}").then(() => console.log("built"), ({ message }) => console.log(message));
  `]);
  await script.stream().pipeTo(child.stdin);
  return new TextDecoder().decode((await child.output()).stdout).trim();
}

Deno.test("built: where nothing may be written, what is up to date serves, and the rest is refused", () =>
  withCheckout(async (checkout) => {
    const { root, recipe } = checkout;
    await builtFolder(recipe, root);
    assert.equal(await readOnlyBuild(checkout), "built");
    await Deno.writeTextFile(`${root}/src/a.ts`, "two");
    assert.match(
      await readOnlyBuild(checkout),
      /^dist\/page does not match the sources and cannot be written: .+\. Run 'deno task build' where it can/,
    );
  }));
