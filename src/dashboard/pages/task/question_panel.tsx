/** The agent's questions: each as a form, or a page to visit, with the time left to answer. */
import { MessageCircleQuestion } from "lucide-preact";
import { useId, useState } from "preact/hooks";
import type { Question, QuestionAction, QuestionSchema } from "../../../domain/question.ts";
import type { Task } from "../../../domain/task.ts";
import { answerQuestion, openQuestions } from "../../data/questions.ts";
import { refreshTask } from "../../data/tasks.ts";
import { toastDone, toastError } from "../../ui/toast.tsx";
import { TimeLeft } from "./asked.tsx";
import { contentOf, opened, problemsOf, type Typed } from "./question_answer.ts";
import { QuestionInput } from "./question_input.tsx";
import "./question_panel.css";

const DONE = { accept: "Answered", decline: "Declined", cancel: "Dismissed" };

export function QuestionPanels({ task }: { task: Task }) {
  const open = openQuestions(task);
  return (
    <div class="asked-list" hidden={open.length === 0}>
      <p class="visually-hidden" role="status">{open[0] && `The agent asks: ${open[0].message}`}</p>
      {open.map((question) => (
        <QuestionPanel key={question.question_id} task_id={task.id} question={question} />
      ))}
    </div>
  );
}

function QuestionPanel({ task_id, question }: { task_id: string; question: Question }) {
  const { question_id, message, schema, url, expires_at, agent_goes_on } = question;
  const title = useId();
  const [typed, setTyped] = useState<Typed>(() => schema ? opened(schema) : {});
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [isBusy, setBusy] = useState(false);

  const answer = async (action: QuestionAction) => {
    if (isBusy) return;
    setBusy(true);
    try {
      const content = action === "accept" && schema ? contentOf(schema, typed) : undefined;
      await answerQuestion(task_id, question_id, { action, content });
      toastDone(`${DONE[action]}: ${message}`);
    } catch (error) {
      const found = problemsOf(error);
      setProblems(found);
      if (Object.keys(found).length === 0) {
        toastError(error);
        // Someone else may have answered first, or the time is up.
        await refreshTask(task_id).catch(toastError);
      }
    } finally {
      setBusy(false);
    }
  };

  return (
    <form
      class="card asked question"
      aria-labelledby={title}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void answer("accept");
      }}
    >
      <header>
        <MessageCircleQuestion size={22} aria-hidden="true" />
        <div>
          <p>{agent_goes_on ? "The agent asks, and goes on meanwhile" : "The agent asks"}</p>
          <h2 id={title}>{message}</h2>
        </div>
        {expires_at !== undefined && <TimeLeft iso={expires_at} outcome="dismissed" />}
      </header>
      {url !== undefined && <PageToVisit url={url} />}
      {schema && (
        <Fields
          schema={schema}
          typed={typed}
          problems={problems}
          onChange={(name, value) => {
            setTyped({ ...typed, [name]: value });
            const { [name]: _, ...others } = problems;
            setProblems(others);
          }}
        />
      )}
      <div class="buttons">
        <button type="submit" class="primary" disabled={isBusy}>
          {url === undefined ? "Answer" : "I have done that"}
        </button>
        <button
          type="button"
          disabled={isBusy}
          title="The agent is told that you do not answer"
          onClick={() => void answer("decline")}
        >
          Decline
        </button>
        <button
          type="button"
          disabled={isBusy}
          title="The agent is told that you dismissed the question"
          onClick={() => void answer("cancel")}
        >
          Dismiss
        </button>
      </div>
    </form>
  );
}

interface FieldsProps {
  schema: QuestionSchema;
  typed: Typed;
  /** Field → what is wrong with it. */
  problems: Record<string, string>;
  onChange: (name: string, value: Typed[string]) => void;
}

function Fields({ schema, typed, problems, onChange }: FieldsProps) {
  return (
    <>
      {schema.description && <p class="question-words">{schema.description}</p>}
      {Object.entries(schema.properties).map(([name, field]) => (
        <QuestionInput
          key={name}
          name={name}
          field={field}
          isRequired={schema.required?.includes(name) ?? false}
          value={typed[name]}
          problem={problems[name]}
          onChange={(value) => onChange(name, value)}
        />
      ))}
    </>
  );
}

/** The link tells whom it leads to: an agent may be tricked into asking. */
function PageToVisit({ url }: { url: string }) {
  const { host } = new URL(url);
  return (
    <p class="question-words">
      Visit <a href={url} target="_blank" rel="noopener noreferrer">{host}</a>
      <code class="question-url">{url}</code>
      Only go there if you trust this site.
    </p>
  );
}
