/** Client addresses where no rule is about any: they are only names, and no library needs to read them. Pure. */

/** How a socket of IPv6 writes an IPv4 address. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

export class PlainAddresses {
  /** The address of the peer, as the system writes it. Nobody else's word about it is trusted. */
  clientOf(peer: string): string {
    return MAPPED.exec(peer)?.[1] ?? peer;
  }

  refusal(): undefined {
    return undefined;
  }
}
