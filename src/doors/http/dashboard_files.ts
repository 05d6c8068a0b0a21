/** The dashboard's files, as `scripts/dashboard.ts` builds them: read on the first request and kept compressed. */
import { join } from "node:path";
import { sha256 } from "../../domain/sha256.ts";
import { securityHeaders } from "./security_headers.ts";

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  woff2: "font/woff2",
};

const PAGE_POLICY =
  "script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'";

const NOT_BUILT = "The dashboard was not built. In a checkout: deno task build\n";

interface DashboardFile {
  type: string;
  etag: string;
  plain: Uint8Array<ArrayBuffer>;
  gzip: Uint8Array<ArrayBuffer>;
}

export class DashboardFiles {
  readonly #folder: string;
  #files: Promise<Map<string, DashboardFile>> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Answers with the file of that name: 404 if there is none, 503 if the dashboard was not built. */
  async answer(name: string, request: Request): Promise<Response> {
    const file = (await this.#load()).get(name);
    if (file === undefined) {
      return name === "index.html"
        ? new Response(NOT_BUILT, { status: 503 })
        : new Response("No such file\n", { status: 404 });
    }
    // `no-cache`: the browser asks each time, so that it never mixes the files of two versions.
    const headers: Record<string, string> = {
      // No code from elsewhere: what an agent printed cannot become a program in this page.
      ...securityHeaders(PAGE_POLICY),
      "content-type": file.type,
      "cache-control": "no-cache",
      "vary": "accept-encoding",
      "etag": file.etag,
    };
    const isCompressed = /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
    if (isCompressed) headers["content-encoding"] = "gzip";
    return new Response(isCompressed ? file.gzip : file.plain, { headers });
  }

  async #load(): Promise<Map<string, DashboardFile>> {
    const files = await (this.#files ??= readAll(this.#folder));
    // It may be built later.
    if (files.size === 0) this.#files = undefined;
    return files;
  }
}

async function readAll(folder: string): Promise<Map<string, DashboardFile>> {
  const files = new Map<string, DashboardFile>();
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      const type = TYPES[name.slice(name.lastIndexOf(".") + 1)];
      if (isFile && type !== undefined) files.set(name, await readOne(join(folder, name), type));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return files;
}

async function readOne(path: string, type: string): Promise<DashboardFile> {
  const plain = await Deno.readFile(path);
  const packed = new Blob([plain]).stream().pipeThrough(new CompressionStream("gzip"));
  return {
    type,
    etag: `W/"${(await sha256(plain)).slice(0, 24)}"`,
    plain,
    gzip: new Uint8Array(await new Response(packed).arrayBuffer()),
  };
}
