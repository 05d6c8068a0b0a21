/** Makes authorities and certificates: for `tls init`, and for the owner's own commands. */
// The library's own injection of dependencies needs it, loaded first.
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { isIP } from "node:net";
import { dateOf } from "../clock/certificate_time.ts";

const KEY = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export interface Issued {
  /** PEM */
  cert: string;
  key: string;
  fingerprint: string;
}

export interface Period {
  from_ms: number;
  to_ms: number;
}

/** A private authority. It can sign until it is dropped; its key is given out for those who keep it. */
export class Authority {
  readonly #keys: CryptoKeyPair;
  readonly #certificate: x509.X509Certificate;

  private constructor(keys: CryptoKeyPair, certificate: x509.X509Certificate) {
    this.#keys = keys;
    this.#certificate = certificate;
  }

  static async create(name: string, period: Period): Promise<Authority> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: [{ CN: [name] }],
      ...dates(period),
      signingAlgorithm: KEY,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new Authority(keys, certificate);
  }

  get cert(): string {
    return pem(this.#certificate);
  }

  key(): Promise<string> {
    return keyPem(this.#keys);
  }

  /** A certificate for a server that is reached by these names and addresses. */
  forServer(names: readonly [string, ...string[]], period: Period): Promise<Issued> {
    const alternatives = names.map((name): x509.JsonGeneralName => ({
      type: isIP(name) === 0 ? "dns" : "ip",
      value: name,
    }));
    const usage = x509.ExtendedKeyUsage.serverAuth;
    return this.#issue(names[0], period, usage, [new x509.SubjectAlternativeNameExtension(alternatives)]);
  }

  /** A certificate that a client shows. `name`: the common name of its subject. */
  forClient(name: string, period: Period): Promise<Issued> {
    return this.#issue(name, period, x509.ExtendedKeyUsage.clientAuth, []);
  }

  async #issue(
    name: string,
    period: Period,
    usage: x509.ExtendedKeyUsage,
    extensions: x509.Extension[],
  ): Promise<Issued> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      subject: [{ CN: [name.slice(0, 64)] }],
      issuer: this.#certificate.subject,
      ...dates(period),
      signingKey: this.#keys.privateKey,
      signingAlgorithm: KEY,
      publicKey: keys.publicKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(this.#certificate),
        ...extensions,
      ],
    });
    return { cert: pem(certificate), key: await keyPem(keys), fingerprint: await fingerprintOf(certificate) };
  }
}

function newKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(KEY, true, ["sign", "verify"]);
}

function dates({ from_ms, to_ms }: Period): { notBefore: Date; notAfter: Date } {
  return { notBefore: dateOf(from_ms), notAfter: dateOf(to_ms) };
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

async function keyPem({ privateKey }: CryptoKeyPair): Promise<string> {
  const bytes = await crypto.subtle.exportKey("pkcs8", privateKey);
  return `${x509.PemConverter.encode(bytes, "PRIVATE KEY")}\n`;
}

/** As node:tls shows it. */
async function fingerprintOf(certificate: x509.X509Certificate): Promise<string> {
  const digest = new Uint8Array(await certificate.getThumbprint("SHA-256"));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(":");
}
