/** The readable API reference at `/docs`. */
import { html, raw } from "hono/html";
import type { KnownAgents } from "../../protocol/config.ts";
import { configKeys } from "../../protocol/config_reference.ts";
import {
  ERROR_TABLE,
  pushEntries,
  type PushEntry,
  referenceEntries,
  type ReferenceEntry,
} from "../../api/documents.ts";

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; }
nav { columns: 14rem; }
pre { overflow: auto; padding: .75rem; background: color-mix(in srgb, currentColor 8%, transparent); border-radius: .4rem; }
table { border-collapse: collapse; } td, th { padding: .2rem .8rem .2rem 0; text-align: left; }
section { border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent); margin-top: 2rem; }
`;

/** The whole page; made once. */
export function referencePage(version: string, known_agents: KnownAgents): Promise<string> {
  const entries = referenceEntries();
  return Promise.resolve(html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>opencode-agents API ${version}</title>
        <style>${raw(STYLE)}</style>
      </head>
      <body>
        <main>
    <h1>opencode-agents API <small>${version}</small></h1>
    <p>Messages are JSON objects with a <code>type</code>, sent over the WebSocket at <code>/ws</code> or as
    <code>POST /api</code>. A <code>request_id</code> is echoed in the reply. For machines:
    <a href="/schema.json">JSON Schema</a>, <a href="/asyncapi.json">AsyncAPI</a>.</p>
    <p>Further down: <a href="#pushes">pushes</a>, <a href="#errors">error codes</a>, <a href="#configuration">configuration</a>.</p>
    <nav aria-label="Messages"><ul>${entries.map(({ type }) =>
      html`<li><a href="#${type}"><code>${type}</code></a></li>`
    )}</ul></nav>
    ${entries.map(section)}
    <section id="pushes"><h2>Pushes</h2>
    <p>A connection gets the pushes of the channels it names in <a href="#subscribe_to_updates"><code>
    subscribe_to_updates</code></a>. Channels that push at intervals push once right away.</p>
    <dl>${pushEntries().map(pushItem)}</dl>
    </section>
    <section id="errors"><h2>Error codes</h2>
    <table><thead><tr><th scope="col">Code</th><th scope="col">HTTP status</th><th scope="col">When</th></tr></thead>
    <tbody>${ERROR_TABLE.map(({ code, status, when }) =>
      html`
        <tr>
          <td><code>${code}</code></td>
          <td>${status || "–"}</td>
          <td>${when}</td>
        </tr>
      `
    )}</tbody></table>
    </section>
    <section id="configuration"><h2>Configuration</h2>
    <p>The keys of <code>serve --config FILE</code>, all optional. For editors:
    <a href="/config.schema.json">JSON Schema</a>.</p>
    <table><thead><tr><th scope="col">Key</th><th scope="col">Type</th><th scope="col">Default</th>
    <th scope="col">Meaning</th></tr></thead>
    <tbody>${configKeys(known_agents).map((each) =>
      html`
        <tr>
          <td><code>${each.key}</code></td>
          <td>${each.type}</td>
          <td><code>${each.default ?? ""}</code></td>
          <td>${each.description}</td>
        </tr>
      `
    )}</tbody></table>
    </section>
        </main>
      </body>
    </html>
  `).then(String);
}

function pushItem({ type, channel, when, schema }: PushEntry) {
  return html`
    <dt id="${type}"><code>${type}</code>${channel
      ? html`
        on <code>${channel}</code>
      `
      : ""}</dt>
    <dd>
      <p>${when}</p>
      <details>
        <summary>Schema</summary>
        <pre>${JSON.stringify(schema, null, 2)}</pre>
      </details>
    </dd>
  `;
}

function section(entry: ReferenceEntry) {
  const { type, doc, permission, limit, errors, example, request, reply, reply_type } = entry;
  return html`
    <section id="${type}">
      <h2><code>${type}</code></h2>
      <p>${doc}</p>
      <p>Needs <code>${permission}</code>.${limit
        ? html`
          Limit: <code>${limit}</code>.
        `
        : ""}
    ${errors.length > 0
      ? html`
        Its own errors: ${errors.map((code) =>
          html`
            <code>${code}</code>
          `
        )}
      `
      : ""}</p>
      <pre aria-label="Example">${JSON.stringify(example, null, 2)}</pre>
      <details>
        <summary>Request schema</summary>
        <pre>${JSON.stringify(request, null, 2)}</pre>
      </details>
      <details>
        <summary>Reply schema: <code>${reply_type}</code></summary>
        <pre>${JSON.stringify(reply, null, 2)}</pre>
      </details>
    </section>
  `;
}
