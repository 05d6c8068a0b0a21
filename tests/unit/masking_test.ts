/** Secrets never pass, however a text is cut, and nothing else is touched. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { maskedCommand, Masker, secretValues } from "../../src/domain/masking.ts";

const KEY = `sk-${"Ab3_".repeat(8)}`;

Deno.test("masking: values of variables whose names say so, of eight characters or more", () => {
  const env = {
    API_KEY: "12345678",
    my_token: "abcdefgh",
    Db_Password: "1234567",
    PATH: "/usr/local/bin",
    A_CREDENTIALS: "x".repeat(9),
  };
  assert.deepEqual(secretValues(env), ["12345678", "abcdefgh", "xxxxxxxxx"]);
});

Deno.test("masking: a value, its form in JSON, the longer of two, and this server's own keys", () => {
  const masker = new Masker(['quo"te\nsecret', "hunter2-", "hunter2-secret", "short"]);
  assert.equal(masker.text('a quo"te\nsecret b'), "a *** b");
  assert.equal(masker.text(JSON.stringify('quo"te\nsecret')), '"***"');
  assert.equal(masker.text("hunter2-secret hunter2- short"), "*** *** short");
  assert.equal(masker.text(`key ${KEY}, not ${KEY}x nor sk-short`), `key ***, not ${KEY}x nor sk-short`);
  assert.deepEqual(masker.deep({ a: ["hunter2-", { b: 1, c: null }] }), { a: ["***", { b: 1, c: null }] });
});

Deno.test("masking: a text in pieces is masked as a whole one, wherever it is cut", () => {
  const masker = new Masker(["hunter2-secret", "hunhunter", "-secret-s"]);
  const word = fc.constantFrom(
    "hunter2-secret",
    "hunhunter",
    "-secret-s",
    KEY,
    "hun",
    "s",
    " ",
    "sess",
    "ü",
    "\n",
  );
  fc.assert(fc.property(fc.array(word), fc.array(fc.nat(20)), (words, cuts) => {
    const text = words.join("");
    const stream = masker.stream();
    let out = "";
    let rest = text;
    for (const cut of cuts) {
      out += stream.push(rest.slice(0, cut));
      rest = rest.slice(cut);
    }
    out += stream.push(rest) + stream.end();
    for (const secret of ["hunter2-secret", "hunhunter"]) assert.ok(!out.includes(secret), out);
    if (words.every((one) => one !== KEY)) assert.ok(!out.includes(KEY));
  }));
  const plain = masker.stream();
  assert.equal(plain.push("as files") + plain.push(" go") + plain.end(), "as files go");
});

Deno.test("masking: command lines hide what follows the usual options, keys, sessions and tokens", () => {
  const masker = new Masker(["known-value"]);
  const shown = (line: string) => maskedCommand(line, masker);
  assert.equal(shown("agent --key abc --model x"), "agent --key *** --model x");
  assert.equal(shown("agent --api-token=abc -v"), "agent --api-token=*** -v");
  assert.equal(shown("db --password 'a b' --port 1"), "db --password *** --port 1");
  assert.equal(shown("curl -H Authorization: Bearer abc.def"), "curl -H Authorization: Bearer ***");
  assert.equal(shown("x sk-proj-12345678 sess_12345678 known-value"), "x *** *** ***");
  assert.equal(shown("x eyJhbGciOi.eyJzdWIi.c2ln"), "x ***");
  assert.equal(shown("node keyboard.js --monkey"), "node keyboard.js --monkey");
});
