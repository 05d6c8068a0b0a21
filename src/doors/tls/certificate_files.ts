/** The files of `server.tls`, read and checked. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { certificateTime } from "../../clock/certificate_time.ts";
import { ApiError } from "../../domain/errors.ts";
import type { Tls } from "../../protocol/config.ts";

export interface Certificate {
  cert: string;
  key: string;
  client_ca: string | undefined;
  /** Of SHA-256, as node:tls shows it. */
  fingerprint: string;
  valid_from_ms: number;
  valid_to_ms: number;
}

/** Throws `CONFIGURATION_ERROR` for a file that cannot be read, and for a key of another certificate. */
export async function readCertificate({ cert, key, client_ca }: Tls): Promise<Certificate> {
  const [certPem, keyPem, caPem] = await Promise.all([
    readPem("server.tls.cert", cert),
    readPem("server.tls.key", key),
    client_ca === undefined ? undefined : readPem("server.tls.client_ca", client_ca),
  ]);
  const parsed = parsedAs("server.tls.cert", cert, () => new X509Certificate(certPem));
  const privateKey = parsedAs("server.tls.key", key, () => createPrivateKey(keyPem));
  if (caPem !== undefined) parsedAs("server.tls.client_ca", client_ca!, () => new X509Certificate(caPem));
  if (!parsed.checkPrivateKey(privateKey)) {
    throw refused("server.tls.key", key, "it is not the key of the certificate in server.tls.cert");
  }
  return {
    cert: certPem,
    key: keyPem,
    client_ca: caPem,
    fingerprint: parsed.fingerprint256,
    valid_from_ms: certificateTime(parsed.validFrom),
    valid_to_ms: certificateTime(parsed.validTo),
  };
}

async function readPem(field: string, file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw refused(field, file, (error as Error).message);
  }
}

function parsedAs<T>(field: string, file: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw refused(field, file, (error as Error).message);
  }
}

function refused(field: string, file: string, reason: string): ApiError {
  return new ApiError("CONFIGURATION_ERROR", `${field}: '${file}' cannot be used: ${reason}`, {
    field,
    value: file,
    reason,
  });
}
