/** The levels of a log as buttons with counts; they choose which lines are shown. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { LogLevel } from "../../domain/log_entry.ts";
import { LOG_LEVELS } from "../../domain/log_levels.ts";
import { countLevels, type LevelCounts, type LogWindow, type WindowFilter } from "../data/log_window.ts";
import { count } from "../../protocol/formats.ts";
import "./log_levels.css";

/** The levels named in the address; none means all. */
export function levelsIn(text: string | null): LogLevel[] {
  const named = (text ?? "").split(",");
  return LOG_LEVELS.filter((level) => named.includes(level));
}

/**
 * The number of lines of each level. For levels that are shown, the window counts; for hidden levels, the latest known
 * count stands. `rest`: the filter without levels.
 */
export function useLevelCounts(
  log: LogWindow,
  rest: WindowFilter,
  chosen: readonly LogLevel[],
): LevelCounts | undefined {
  const about = JSON.stringify(rest);
  const known = useRef<{ about: string; counts: LevelCounts }>();
  const [, redraw] = useState(0);
  const isKnown = known.current?.about === about;
  const isThere = log.phase === "there";
  if (isThere && chosen.length === 0) known.current = { about, counts: { ...log.counts } };
  else if (isThere && isKnown) {
    for (const level of chosen) {
      known.current!.counts[level] = log.counts[level];
    }
  }
  const isNeeded = isThere && chosen.length > 0 && !isKnown;
  useEffect(() => {
    if (!isNeeded) return;
    let isLeft = false;
    countLevels(rest).then((counts) => {
      if (isLeft) return;
      known.current = { about, counts };
      redraw((n) => n + 1);
    }, reportError);
    return () => isLeft = true;
  }, [isNeeded, about]);
  return known.current?.about === about ? known.current.counts : undefined;
}

export function LevelChips({ chosen, counts, onChoose }: {
  chosen: readonly LogLevel[];
  counts: LevelCounts | undefined;
  onChoose: (levels: LogLevel[]) => void;
}) {
  const toggle = (level: LogLevel) => {
    const next = chosen.includes(level) ? chosen.filter((one) => one !== level) : [...chosen, level];
    onChoose(next.length === LOG_LEVELS.length ? [] : LOG_LEVELS.filter((one) => next.includes(one)));
  };
  return (
    <div class="log-levels" role="group" aria-label="Levels">
      {LOG_LEVELS.map((level) => (
        <button
          key={level}
          type="button"
          class={`log-chip log-${level}`}
          aria-pressed={chosen.includes(level)}
          onClick={() => toggle(level)}
        >
          <span class="log-level">{level}</span>
          {counts && <span class="figure">{count(counts[level])}</span>}
        </button>
      ))}
    </div>
  );
}
