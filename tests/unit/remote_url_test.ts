import assert from "node:assert/strict";
import { forgeOf, masked, remotePlace, secretsIn } from "../../src/domain/remote_url.ts";

Deno.test("remote addresses: host and path in each form; a path on this machine has none", () => {
  const at = (url: string) => {
    const place = remotePlace(url);
    return place && `${place.host} ${place.path}`;
  };
  assert.equal(at("https://github.com/ann/tool.git"), "github.com ann/tool");
  assert.equal(at("https://ann:pw@GitHub.com:8443/ann/tool/"), "github.com ann/tool");
  assert.equal(at("git@gitlab.example.org:group/sub/tool.git"), "gitlab.example.org group/sub/tool");
  assert.equal(at("ssh://git@ssh.github.com:443/ann/tool.git"), "github.com ann/tool");
  assert.equal(at("git@github.com-work:ann/tool"), "github.com ann/tool");
  for (
    const url of [
      "/srv/tool.git",
      "../tool",
      "file:///srv/tool.git",
      "C:/tool",
      "",
      "https://github.com/tool",
    ]
  ) {
    assert.equal(at(url), undefined, url);
  }
  for (const url of ["https://github.com/--x/y", "https://github.com/a/../b", "git@github.com:a/b c"]) {
    assert.equal(at(url), undefined, url);
  }
});

Deno.test("forges are known by their host, and not by a host that only looks like it", () => {
  assert.deepEqual(
    ["github.com", "github.example.org", "acme.ghe.com", "gitlab.com", "gitlab.example.org"].map(forgeOf),
    ["github", "github", "github", "gitlab", "gitlab"],
  );
  for (const host of ["notgithub.com", "example.org", "bitbucket.org"]) {
    assert.equal(forgeOf(host), undefined);
  }
});

Deno.test("passwords and tokens are masked in addresses and wherever else they are", () => {
  assert.equal(
    masked("at https://ann:p@ss@host/x and ssh://git@host/y"),
    "at https://***@host/x and ssh://git@host/y",
  );
  assert.equal(masked("https://ghp_abc@host/x"), "https://***@host/x");
  assert.deepEqual(secretsIn("https://ann:a%2Fb%40c@host/x"), ["a%2Fb%40c", "a/b@c"]);
  assert.deepEqual(secretsIn("https://ghp_token@host/x"), ["ghp_token"]);
  assert.deepEqual([secretsIn("git@host:x/y"), secretsIn("https://host/x")], [[], []]);
  assert.equal(masked("token a/b@c is dead", secretsIn("https://ann:a%2Fb%40c@host/x")), "token *** is dead");
});
