/** Who is told of what: this browser, and those of the configuration, each with a test. */
import { useState } from "preact/hooks";
import type { NotificationView } from "../../../protocol/notification_messages.ts";
import { useAnswer } from "../../data/answer.ts";
import { noticeChoice, notifyHere } from "../../data/browser_notices.ts";
import { ask, client, SLOW } from "../../data/server.ts";
import { Page } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { Ago } from "../../ui/time.tsx";
import { toastDone, toastError } from "../../ui/toast.tsx";

const EVERY_MS = 15_000;

export function NotificationsPage() {
  const { value, error, reload } = useAnswer(() => ask("list_notifications"), EVERY_MS);
  return (
    <Page>
      <ThisBrowser />
      {value === undefined && error !== undefined && (
        <Problem what="The notifications cannot be listed" error={error} />
      )}
      {value === undefined && error === undefined && <div class="card empty">Loading…</div>}
      {value !== undefined &&
        (value.notifications.length === 0 ? <None /> : <Table all={value.notifications} onTested={reload} />)}
    </Page>
  );
}

const WORDS = {
  missing: "This browser shows notifications only on pages from this machine, or over HTTPS.",
  refused:
    "This browser blocks notifications from this page. You can allow them in its settings for this site.",
  off:
    "The browser can tell you when an agent asks something, or a task ends, while this page is open in the background.",
  on:
    "The browser tells you when an agent asks something, or a task ends, while this page is open in the background.",
} as const;

function ThisBrowser() {
  const choice = noticeChoice.value;
  const canChoose = choice === "on" || choice === "off";
  return (
    <section class="card" aria-labelledby="this-browser">
      <h2 id="this-browser">This browser</h2>
      <p>{WORDS[choice]}</p>
      {canChoose && (
        <button type="button" onClick={() => void notifyHere(choice === "off").catch(toastError)}>
          {choice === "off" ? "Notify me here" : "Stop notifying me here"}
        </button>
      )}
    </section>
  );
}

function None() {
  return (
    <div class="card empty">
      <strong>Nobody else is told</strong>
      <p>
        <code>notifications</code>{" "}
        in the configuration file names a webhook, a topic of ntfy or a command, and the events of which it is
        told.
      </p>
    </div>
  );
}

function Table({ all, onTested }: { all: readonly NotificationView[]; onTested: () => Promise<void> }) {
  return (
    <section class="card" aria-labelledby="told">
      <h2 id="told">From the configuration</h2>
      <div class="table-scroll" role="region" aria-label="Notifications" tabIndex={0}>
        <table class="table-as-blocks">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">To</th>
              <th scope="col">Told of</th>
              <th scope="col" class="number">Waiting</th>
              <th scope="col">Last delivery</th>
              <th scope="col">Test</th>
            </tr>
          </thead>
          <tbody>
            {all.map((one) => <Row key={one.name} one={one} onTested={onTested} />)}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Row({ one, onTested }: { one: NotificationView; onTested: () => Promise<void> }) {
  const { name, channel, to, events, project, min_priority, waiting, last_delivery, last_error } = one;
  const [isBusy, setBusy] = useState(false);
  const test = async () => {
    setBusy(true);
    try {
      const { delivered, error } = await client.request("test_notification", { name }, SLOW);
      if (delivered) toastDone(`${name} was told`);
      else toastError(new Error(`${name} could not be told: ${error}`));
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
      await onTested();
    }
  };
  const bounds = [
    project === undefined ? undefined : `project ${project}`,
    min_priority === undefined ? undefined : `${min_priority} priority or more`,
  ].filter(Boolean).join(", ");
  return (
    <tr>
      <td data-of="Name">{name}</td>
      <td data-of="To">
        {channel} <code>{to}</code>
      </td>
      <td data-of="Told of">
        {events.map((event) => event.replaceAll("_", " ")).join(", ")}
        {bounds && <div class="muted">{bounds}</div>}
      </td>
      <td data-of="Waiting" class="number figure">{waiting}</td>
      <td data-of="Last delivery">
        {last_error !== undefined
          ? <span class="status-failed">{last_error}</span>
          : last_delivery === undefined
          ? <span class="muted">none yet</span>
          : <Ago iso={last_delivery} />}
      </td>
      <td data-of="Test">
        <button type="button" disabled={isBusy} onClick={() => void test()}>
          {isBusy ? "Testing…" : "Test"}
        </button>
      </td>
    </tr>
  );
}
