/** An entry of the timeline: what a person or the agent said, where a turn ended, or why an attempt failed. */
import { Bot, Paperclip, User } from "lucide-preact";
import { bytes, dateTime, duration, ordinal, timeOfDay } from "../../../protocol/formats.ts";
import { Markdown } from "../../ui/markdown.tsx";
import { epochOf } from "../../../clock/clock.ts";
import { now } from "../../ui/time.tsx";
import type { Entry, Said } from "./timeline.ts";
import "./said.css";

const SOURCES: Partial<Record<Said["source"], string>> = {
  review: "review",
  check: "check",
  conflict: "conflict",
  agent: "by itself",
};

export interface SaidProps {
  said: Said;
  /** The agent's name. */
  agent: string;
  /** Whether it is a command's output: no Markdown. */
  isPlain: boolean;
  /** Whether the agent goes on speaking: its name stands above already. */
  isContinued: boolean;
}

export function SaidEntry({ said, agent, isPlain, isContinued }: SaidProps) {
  const { role, by, at, source, text, attached } = said;
  const isUser = role === "user";
  const who = isUser ? by ?? "You" : agent;
  return (
    <article class={`said is-${role}`} aria-label={`${who}, ${timeOfDay(at)}`}>
      {!isContinued && (
        <>
          {isUser
            ? (
              <span class="said-face" aria-hidden="true">
                {by === undefined ? <User size={14} /> : by.slice(0, 2)}
              </span>
            )
            : <Bot class="said-agent" size={20} aria-hidden="true" />}
          <header>
            <h2>{who}</h2>
            <When iso={at} />
            {SOURCES[source] !== undefined && <span>{SOURCES[source]}</span>}
          </header>
        </>
      )}
      <div class="said-text">
        {isPlain && !isUser ? <pre class="said-output">{text}</pre> : <Markdown text={text} />}
        {attached.map(({ id, name, bytes: size }) => (
          <p key={id} class="said-file">
            <Paperclip size={14} aria-hidden="true" /> {name}, {bytes(size)}
          </p>
        ))}
      </div>
    </article>
  );
}

const DAY_MS = 86_400_000;

/** The time of day; the date too once it is a day ago. */
function When({ iso }: { iso: string }) {
  const isOld = now.peek() - epochOf(iso) > DAY_MS;
  return <time dateTime={iso} title={dateTime(iso)}>{isOld ? dateTime(iso) : timeOfDay(iso)}</time>;
}

export function TurnLine({ end: { turn, took_ms, cost } }: { end: Extract<Entry, { kind: "turn" }> }) {
  const facts = [`Turn ${turn}`, duration(took_ms), cost].filter(Boolean);
  return <p class="turn-line figure">{facts.join(", ")}</p>;
}

export function TroubleEntry({ trouble }: { trouble: Extract<Entry, { kind: "trouble" }> }) {
  const { attempt, text } = trouble;
  return (
    <div class="notice notice-error said-trouble">
      <strong>{attempt === 1 ? "It failed" : `The ${ordinal(attempt)} attempt failed`}</strong>
      <p>{text}</p>
    </div>
  );
}
