/**
 * Where the values that stand in a text would be sent. Readers of URLs disagree on where a host begins and ends (RFC 3986, WHATWG,
 * libpq, JDBC), and the text may be an attacker's: so every host of a text counts, wherever the value stands, and where readers could
 * disagree more of the text counts as host. Hosts are compared as text, nothing else.
 */
import { type Part, printTemplate } from "./reference.ts";

/** WHATWG readers take none, one or more slashes, or backslashes, behind these schemes. */
const opening = /(?:https?|wss?|ftp):[/\\]*|:\/\//gi;
/** libpq, JDBC and others let a parameter overrule the host; its name may be percent-encoded. */
const parameter = /[?&;]([^=&#?;]*)=[^&#?;]*/g;
const redirecting = /host|addr|server|proxy|service|%/i;
// private-use units round the number of a part that is no text keep the grammar free of its `:`, `/`, `@`
const marks = /\ue000(\d+)\ue001/g;
const leading = /^\ue000\d+\ue001[^/?#]*[.,;\\]/;

/**
 * The hosts that the values in a template would be sent to, each once: with port, lower case, user info left out, a reference that
 * stands in one printed in it. They are the host of each URL, what follows an `@` outside of one, parameters that name a host, and what
 * stands behind a value at the very front, which may be a URL without a path. Empty: the text names none.
 */
export function hostsOf(parts: readonly Part[]): string[] {
  // tabs and line ends are no part of a URL for WHATWG readers
  const text = parts
    .map((part, at) => (typeof part === "string" ? part.replace(/[\ue000\ue001\t\r\n]/g, "") : `\ue000${at}\ue001`))
    .join("");
  const [front = "", ...urls] = text.split(opening);
  const found = [frontHost(front), ...urls.map(hostIn), ...[front, ...urls].flatMap(redirects)];
  const print = (host: string): string =>
    host.toLowerCase().replace(marks, (_, at: string) => printTemplate([parts[Number(at)] ?? ""]));
  return [...new Set(found.filter((host) => host !== "").map(print))];
}

function frontHost(text: string): string {
  const at = text.indexOf("@");
  if (at !== -1) return trimmed(before(text.slice(at + 1), /[/?#]/));
  return leading.test(text) ? trimmed(before(text, /[/?#]/)) : "";
}

/** Of what follows `://`. Of several `@` the first counts: libpq goes on behind it, others behind the last, and both stand in the text. */
function hostIn(url: string): string {
  const most = before(url, /\//);
  const least = before(most, /[?#\\]/);
  // a host for one reader, a user's name for another
  if (most !== least && (most[least.length] === "\\" || most.includes("@", least.length))) return trimmed(most);
  return trimmed(least.slice(least.indexOf("@") + 1));
}

function redirects(text: string): string[] {
  return [...text.matchAll(parameter)].flatMap(([whole, name = ""]) => (redirecting.test(name) ? [trimmed(whole)] : []));
}

function before(text: string, what: RegExp): string {
  const at = text.search(what);
  return at === -1 ? text : text.slice(0, at);
}

/** Without the name of the next URL's scheme, and what closes a text round it: neither can be a part of a host's name. */
function trimmed(host: string): string {
  const word = host.lastIndexOf(" ") + 1;
  let end = word > 0 && /^[a-z][a-z0-9+.-]*$/i.test(host.slice(word)) ? word : host.length;
  // by hand: an expression would begin anew at each of a million spaces
  while (end > 0 && "\"'}> ".includes(host[end - 1] ?? "")) end--;
  return host.slice(0, end);
}
