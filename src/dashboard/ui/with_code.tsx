/** A text of the server in which commands stand between backticks. */
export function WithCode({ text }: { text: string }) {
  return <>{text.split("`").map((part, i) => i % 2 === 0 ? part : <code key={i}>{part}</code>)}</>;
}
