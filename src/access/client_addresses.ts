/** Which address a request comes from, and whether that may come at all. Pure. */
import { BlockList, isIP, isIPv6 } from "node:net";

export interface AddressRules {
  /** Proxies whose word on who asked them is believed. */
  trusted_proxies: readonly string[];
  /** With any entry, all other addresses are refused. */
  ip_whitelist: readonly string[];
  /** Refused, even when the other list has them. */
  ip_blacklist: readonly string[];
}

/** Addresses and networks (CIDR) of both families. */
class AddressSet {
  readonly #list = new BlockList();
  readonly isEmpty: boolean;

  constructor(entries: readonly string[]) {
    this.isEmpty = entries.length === 0;
    for (const entry of entries) {
      const [address, prefix] = entry.split("/") as [string, string | undefined];
      const family = familyOf(address);
      if (prefix === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(prefix), family);
    }
  }

  has(address: string): boolean {
    return isIP(address) !== 0 && this.#list.check(address, familyOf(address));
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
   * The address of the client: the peer's own, or, where the peer is a trusted proxy, the last one in
   * `X-Forwarded-For` that is none. What stands before it anybody may have written.
   */
  clientOf(peer: string, forwarded_for: string | null): string {
    let client = plain(peer);
    const claimed = forwarded_for?.split(",") ?? [];
    while (this.#proxies.has(client)) {
      const before = plain(claimed.pop()?.trim() ?? "");
      if (isIP(before) === 0) break;
      client = before;
    }
    return client;
  }

  /** Why this address is refused; undefined when it is not. */
  refusal(address: string): string | undefined {
    if (this.#denied.has(address)) return `Address ${address} is in security.ip_blacklist`;
    if (!this.#allowed.isEmpty && !this.#allowed.has(address)) {
      return `Address ${address} is not in security.ip_whitelist`;
    }
  }
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv6(address) ? "ipv6" : "ipv4";
}

/** An IPv4 address as such, where a socket of both families wraps it into one of IPv6. */
function plain(address: string): string {
  return /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1] ?? address;
}
