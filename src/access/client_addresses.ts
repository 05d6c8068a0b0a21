/** Which address a request comes from, and whether that address may connect. Pure. */
import ipaddr from "ipaddr.js";

export interface AddressRules {
  /** Proxies whose `X-Forwarded-For` is believed. */
  trusted_proxies: readonly string[];
  /** If it has any entry, all other addresses are refused. */
  ip_whitelist: readonly string[];
  /** Refused, even if the whitelist has them. */
  ip_blacklist: readonly string[];
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Addresses and networks (CIDR) of both families. */
class AddressSet {
  readonly #networks: [Address, number][];

  constructor(entries: readonly string[]) {
    this.#networks = entries.map(networkOf);
  }

  get isEmpty(): boolean {
    return this.#networks.length === 0;
  }

  has(text: string): boolean {
    const address = addressOf(text);
    if (address === undefined) return false;
    return this.#networks.some(([network, bits]) =>
      network.kind() === address.kind() && address.match(network, bits)
    );
  }
}

export class ClientAddresses {
  readonly #proxies: AddressSet;
  readonly #allowed: AddressSet;
  readonly #denied: AddressSet;

  constructor({ trusted_proxies, ip_whitelist, ip_blacklist }: AddressRules) {
    this.#proxies = new AddressSet(trusted_proxies);
    this.#allowed = new AddressSet(ip_whitelist);
    this.#denied = new AddressSet(ip_blacklist);
  }

  /**
   * The client's address: the peer's own or, if the peer is a trusted proxy, the last address in `X-Forwarded-For`
   * that is not a trusted proxy. Anyone may have written the addresses before that one.
   */
  clientOf(peer: string, forwarded_for: string | null): string {
    let client = addressOf(peer)?.toString() ?? peer;
    const claimed = forwarded_for?.split(",") ?? [];
    while (this.#proxies.has(client)) {
      const before = forwardedAddress(claimed.pop() ?? "");
      if (before === undefined) break;
      client = before.toString();
    }
    return client;
  }

  /** Why this address is refused; undefined if it is not. */
  refusal(address: string): string | undefined {
    if (this.#denied.has(address)) return `Address ${address} is in security.ip_blacklist`;
    if (!this.#allowed.isEmpty && !this.#allowed.has(address)) {
      return `Address ${address} is not in security.ip_whitelist`;
    }
  }
}

/**
 * The address; undefined for any other text. Sockets of both families map IPv4 addresses into IPv6, so those are
 * unwrapped. `127.1` and the like are refused: other programs read them differently.
 */
function addressOf(text: string): Address | undefined {
  const plain = WITH_ZONE.exec(text)?.[1] ?? text;
  return ipaddr.IPv4.isValidFourPartDecimal(plain) || ipaddr.IPv6.isValid(plain)
    ? ipaddr.process(plain)
    : undefined;
}

/** The zone says by which of this machine's interfaces the address is reached. It is no part of the address. */
const WITH_ZONE = /^([0-9a-f:.]+)%[^%]+$/i;

/**
 * What a proxy has written into `X-Forwarded-For`, without what some add to the address: a port, brackets, quotes. Undefined
 * if no address is left.
 */
function forwardedAddress(entry: string): Address | undefined {
  const text = entry.trim().replace(/^"(.*)"$/, "$1");
  const [, bracketed, with_port] = /^(?:\[([^\]]*)\]|(\d+(?:\.\d+){3}))(?::\d{1,5})?$/.exec(text) ?? [];
  return addressOf(bracketed ?? with_port ?? text);
}

/** `10.0.0.0/8`, or a single address. */
function networkOf(text: string): [Address, number] {
  if (!text.includes("/")) {
    const address = ipaddr.process(text);
    return [address, address.kind() === "ipv4" ? 32 : 128];
  }
  const [network, bits] = ipaddr.parseCIDR(text);
  return network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress() && bits >= MAPPED_BITS
    ? [network.toIPv4Address(), bits - MAPPED_BITS]
    : [network, bits];
}

/** The length of `::ffff:0:0/96`, the network of mapped IPv4 addresses. */
const MAPPED_BITS = 96;
