/** Which addresses are one client: a host of IPv6 has a whole /64 network to choose its address from. Pure. */

/** How many of the eight groups of an IPv6 address name its network. */
const NETWORK_GROUPS = 4;
const GROUPS = 8;

/** The address itself, or, for IPv6, its network, such as `2001:db8:0:0::/64`. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("%")[0]!.toLowerCase().split("::");
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  const zeros = Array.from({ length: Math.max(0, GROUPS - before.length - after.length) }, () => "0");
  const groups = [...before, ...(tail === undefined ? [] : zeros), ...after];
  return `${groups.slice(0, NETWORK_GROUPS).join(":")}::/64`;
}

function groupsOf(text: string): string[] {
  return text === "" ? [] : text.split(":").map((group) => group.replace(/^0+(?=.)/, ""));
}
