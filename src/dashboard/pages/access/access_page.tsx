/** Who can use this server, the API keys and the sessions that are open; who tries to; and the way out of one's own session. */
import { useState } from "preact/hooks";
import { ApiError } from "../../../domain/errors.ts";
import type { Reply } from "../../../protocol/messages.ts";
import { useAnswer } from "../../data/answer.ts";
import { currentKey, signOut } from "../../data/key.ts";
import { ask, client } from "../../data/server.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { Page } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { toastDone, toastError } from "../../ui/toast.tsx";
import { Alerts, recentAlerts } from "./alerts.tsx";
import { Keys } from "./keys.tsx";
import { NewKeyDialog } from "./new_key_dialog.tsx";
import { Sessions } from "./sessions.tsx";
import "./access.css";

type Key = Reply<"list_keys">["keys"][number];

/** The keys; undefined for those who may not see them. */
async function keysIfAllowed(): Promise<Key[] | undefined> {
  try {
    return (await ask("list_keys")).keys;
  } catch (error) {
    if (error instanceof ApiError && error.code === "PERMISSION_DENIED") return undefined;
    throw error;
  }
}

async function leave(): Promise<void> {
  try {
    await client.request("logout");
  } catch (error) {
    // The key is forgotten in any case; a session that is not ended here ends with its time.
    toastError(error);
  }
  signOut();
}

export function AccessPage() {
  const keys = useAnswer(keysIfAllowed, 0);
  const sessions = useAnswer(async () => (await ask("list_sessions")).sessions, 10_000);
  const alerts = useAnswer(recentAlerts, 10_000);
  const [isNew, setNew] = useState(false);
  const [secret, setSecret] = useState<string>();
  const change = async (work: () => Promise<string | undefined>, done: string) => {
    try {
      setSecret(await work());
      toastDone(done);
    } catch (error) {
      toastError(error);
    }
    await Promise.all([keys.reload(), sessions.reload()]);
  };
  const problem = keys.error ?? sessions.error ?? alerts.error;
  return (
    <Page
      class="access-page"
      actions={
        <>
          {keys.value && <button type="button" onClick={() => setNew(true)}>New key…</button>}
          {currentKey() !== undefined && <button type="button" onClick={() => void leave()}>Sign out</button>}
        </>
      }
    >
      {problem !== undefined && <Problem what="Not everything can be listed" error={problem} />}
      {keys.value && (
        <Keys
          keys={keys.value}
          onRotate={({ id, name }) =>
            change(
              async () => (await client.request("rotate_key", { key_id: id })).api_key,
              `${name} has another key`,
            )}
          onRevoke={({ id, name }) =>
            change(async () => {
              await client.request("revoke_key", { key_id: id });
              return undefined;
            }, `${name} is revoked`)}
        />
      )}
      {sessions.value && (
        <Sessions
          sessions={sessions.value}
          onEnd={({ session_id }) =>
            change(async () => {
              await client.request("end_session", { session_id });
              return undefined;
            }, "The session has ended")}
        />
      )}
      {alerts.value && <Alerts alerts={alerts.value} />}
      {isNew && (
        <NewKeyDialog
          onClose={() => setNew(false)}
          onCreate={(key) => {
            setNew(false);
            void change(
              async () => (await client.request("create_key", { key })).api_key,
              `${key.name} is made`,
            );
          }}
        />
      )}
      {secret !== undefined && (
        <Dialog title="Keep this key" onClose={() => setSecret(undefined)}>
          <p>It is not shown again.</p>
          <code class="access-secret">{secret}</code>
          <footer class="buttons">
            <button type="button" class="primary" onClick={() => setSecret(undefined)}>I have it</button>
          </footer>
        </Dialog>
      )}
    </Page>
  );
}
