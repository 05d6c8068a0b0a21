/** The API keys, with what they allow and when they were used last. */
import { useState } from "preact/hooks";
import { epochOf, systemClock } from "../../../clock/clock.ts";
import { counted, dateTime, relative } from "../../../protocol/formats.ts";
import type { Reply } from "../../../protocol/messages.ts";
import { Dialog } from "../../ui/dialog.tsx";

type Key = Reply<"list_keys">["keys"][number];

export interface KeysProps {
  keys: readonly Key[];
  onRotate: (key: Key) => Promise<void>;
  onRevoke: (key: Key) => Promise<void>;
}

const QUESTIONS = {
  Rotate: "The old key and its sessions end at once. You get another one with the same rights.",
  Revoke: "The key and its sessions end at once, for good.",
};

export function Keys({ keys, onRotate, onRevoke }: KeysProps) {
  const [asked, setAsked] = useState<{ what: keyof typeof QUESTIONS; key: Key }>();
  if (keys.length === 0) {
    return (
      <div class="card empty">
        <strong>No keys</strong>
        <p>Programs and other people need one each.</p>
      </div>
    );
  }
  const confirm = () => {
    const { what, key } = asked!;
    setAsked(undefined);
    void (what === "Rotate" ? onRotate : onRevoke)(key);
  };
  return (
    <section class="card" aria-labelledby="keys">
      <h2 id="keys">{counted(keys.length, "key")}</h2>
      <div class="table-scroll" role="region" aria-label="Keys" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">May</th>
              <th scope="col">Projects</th>
              <th scope="col">Last used</th>
              <th scope="col">State</th>
              <th scope="col">
                <span class="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {keys.map((key) => (
              <tr key={key.id}>
                <td>
                  {key.name} <code class="muted">{key.id}</code>
                </td>
                <td>{key.permissions.join(", ")}</td>
                <td>{key.projects?.join(", ") ?? "all"}</td>
                <td>{lastUse(key)}</td>
                <td>{stateOf(key)}</td>
                <td>
                  {isLive(key) && (
                    <span class="buttons">
                      {(["Rotate", "Revoke"] as const).map((what) => (
                        <button
                          key={what}
                          type="button"
                          aria-label={`${what} ${key.name}`}
                          onClick={() => setAsked({ what, key })}
                        >
                          {what}…
                        </button>
                      ))}
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {asked && (
        <Dialog title={`${asked.what} ${asked.key.name}?`} onClose={() => setAsked(undefined)}>
          <p>{QUESTIONS[asked.what]}</p>
          <footer class="buttons">
            <button type="button" onClick={() => setAsked(undefined)}>Leave it</button>
            <button type="button" class="danger" onClick={confirm}>{asked.what}</button>
          </footer>
        </Dialog>
      )}
    </section>
  );
}

function lastUse({ last_used_at, last_used_from }: Key): string {
  if (last_used_at === undefined) return "never";
  return `${relative(epochOf(last_used_at), systemClock.now())} from ${last_used_from}`;
}

function isLive({ revoked_at, expires_at }: Key): boolean {
  return revoked_at === undefined && (expires_at === undefined || epochOf(expires_at) > systemClock.now());
}

function stateOf(key: Key): string {
  const { revoked_at, expires_at } = key;
  if (revoked_at !== undefined) return `revoked ${dateTime(revoked_at)}`;
  if (expires_at === undefined) return "has no end";
  return `${isLive(key) ? "until" : "expired"} ${dateTime(expires_at)}`;
}
