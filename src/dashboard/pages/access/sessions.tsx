/** The sessions that are open: whose, from where, and when they end. */
import { epochOf, systemClock } from "../../../clock/clock.ts";
import { actorName } from "../../../domain/actor.ts";
import { counted, relative } from "../../../protocol/formats.ts";
import type { Reply } from "../../../protocol/messages.ts";

type Session = Reply<"list_sessions">["sessions"][number];

export interface SessionsProps {
  sessions: readonly Session[];
  onEnd: (session: Session) => Promise<void>;
}

export function Sessions({ sessions, onEnd }: SessionsProps) {
  const when = (iso: string) => relative(epochOf(iso), systemClock.now());
  return (
    <section class="card" aria-labelledby="sessions">
      <h2 id="sessions">{counted(sessions.length, "session")}</h2>
      <div class="table-scroll" role="region" aria-label="Sessions" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Whose</th>
              <th scope="col">From</th>
              <th scope="col">Began</th>
              <th scope="col">Last seen</th>
              <th scope="col">Ends</th>
              <th scope="col">
                <span class="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {sessions.map((session) => (
              <tr key={session.session_id}>
                <td>{actorName(session.actor)}</td>
                <td>{session.ip}</td>
                <td>{when(session.started_at)}</td>
                <td>{when(session.last_seen_at)}</td>
                <td>{when(session.expires_at)}</td>
                <td>
                  {session.is_current
                    ? <span class="muted">this page</span>
                    : <button type="button" onClick={() => void onEnd(session)}>End</button>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
