/** What an attachment may be called, and how its type is told. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { formOf, mimeTypeOf, safeName } from "../../src/domain/attachment.ts";

for (
  const [given, name] of [
    ["plan.png", "plan.png"],
    ["../../etc/passwd", "passwd"],
    ["C:\\Users\\me\\a b.txt", "a b.txt"],
    [".bashrc", "bashrc"],
    ["-rf", "rf"],
    ["..", "attachment.png"],
    ["", "attachment.png"],
    ["a\u0000b\nc\u202e.txt", "a_b_c_.txt"],
    ["what?.txt", "what_.txt"],
    ["NUL.txt", "_NUL.txt"],
    ["Überblick.md", "Überblick.md"],
    [`${"x".repeat(300)}.jpeg`, `${"x".repeat(115)}.jpeg`],
    ["\ud800.txt", "\ufffd.txt"],
    ["trailing. ", "trailing"],
  ]
) {
  Deno.test(`attachment name: ${JSON.stringify(given).slice(0, 60)}`, () => {
    assert.equal(safeName(given!, "image/png"), name);
  });
}

Deno.test("attachment name: it is one part of a path, never hidden, and never an option", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), (given) => {
    const name = safeName(given, "text/plain");
    assert.match(name, /^[^./\\-][^/\\]*$/s);
    assert.ok(new TextEncoder().encode(name).length <= 130, name);
  }));
});

const PNG = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13]);
const NOTHING = new Uint8Array([0, 1, 2, 3]);

for (
  const [what, named, name, head, type] of [
    ["the client's", "text/markdown; charset=utf-8", "x", NOTHING, "text/markdown"],
    ["a content", undefined, "x", PNG, "image/png"],
    ["a content that curl names wrongly", "application/x-www-form-urlencoded", "x", PNG, "image/png"],
    ["an image of another kind", "image/jpeg", "x.jpg", PNG, "image/png"],
    ["an image in a text's clothes stays", "text/plain", "x", PNG, "text/plain"],
    ["an ending", "application/octet-stream", "notes.MD", NOTHING, "text/markdown"],
    ["nonsense", "nonsense", "x", NOTHING, "application/octet-stream"],
    ["nothing", undefined, "x", NOTHING, "application/octet-stream"],
  ] as const
) {
  Deno.test(`attachment type: from ${what}`, () => assert.equal(mimeTypeOf(named, name, head), type));
}

Deno.test("attachment form: images that models take, sounds, texts, and files", () => {
  const types = [
    "image/png",
    "image/svg+xml",
    "image/tiff",
    "audio/wav",
    "text/x-rust",
    "application/json",
    "application/pdf",
  ];
  assert.deepEqual(types.map((mime_type) => formOf({ mime_type })), [
    "image",
    "text",
    "file",
    "audio",
    "text",
    "text",
    "file",
  ]);
});
