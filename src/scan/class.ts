/**
 * Is a variable a secret or a setting? One pure answer from its name and its value, the same with and without a terminal. In
 * doubt a secret. What a provider's rule finds in the value counts first, then shapes, then the name, then chance.
 */
import { scanByRules } from "./comments.ts";
import { looksRandom } from "./entropy.ts";

export type Classified = {
  class: "secret" | "setting";
  /** a few words for a person; never a part of the value */
  why: string;
  confidence: "sure" | "likely" | "doubt";
};

const publicPrefix = /^(?:NEXT_PUBLIC_|VITE_|REACT_APP_|PUBLIC_|NUXT_PUBLIC_|EXPO_PUBLIC_)/;

const secretWords = new Set(
  `password passwd passwort pwd pw pswd psw psk pass passphrase passcode secret secrets token tokens key keys apikey apikeys privatekey accesskey
    secretkey credential credentials creds auth salt pepper dsn jwt cookie seed mnemonic hmac signature oauth bearer pin otp
    totp webhook license licence encryption signing cert certificate pem sas connectionstring authtoken`.split(/\s+/),
);

/** Names that are written in one word, or with a number behind: DBPASSWORD, JWTSECRET, DB_PASS1. */
const secretEnd =
  /(?:passw(?:or)?[dt]|passphrase|pwd|secret|token|(?:api|auth|private|access|secret)keys?|credentials?|(?<!by|com|tres|sur)pass)\d{0,3}$/;

/** Last words that say the variable is about a secret, not one. */
const aboutWords = new Set(
  `id ids path file dir name names url uri endpoint host hostname port domain region zone ttl expiry expires expiration
    expiresin expire in lifetime age maxage length size count max min limit rounds days hours minutes seconds ms timeout interval
    enabled enable disabled disable required algorithm alg algo issuer audience aud realm type kind mode format header prefix
    suffix version provider method methods scope scopes policy user username samesite secure httponly retries`.split(/\s+/),
);

const settingWords = new Set(
  `env environment port host hostname level region zone locale lang language tz timezone title description label greeting
    message currency country mode debug verbose bucket theme color brand version stage name email from sender charset encoding
    domain origin origins index topic queue channel prefix suffix dir path file format model`.split(/\s+/),
);

/** DATABASE_URL → database, url; dbPassword → db, password. */
function words(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
}

/** Texts that are plainly configuration: a word, host, path, list of words, address, version, duration, locale, cron pattern. */
const plainShapes: readonly RegExp[] = [
  /^[A-Za-z]{1,24}$/,
  /^(?:[a-z]{1,24}\d{0,3}|\d{1,8})(?:[._-](?:[a-z]{1,24}\d{0,3}|v?\d{1,8})){0,8}$/i,
  /^\d{1,20}(?:\.\d{1,12}){0,4}(?:ms|s|m|h|d|kb|mb|gb|k|b|%)?$/i,
  /^(?:\.{0,2}|~)\/[\w./@+-]{0,200}$/,
  /^[a-z][\w-]*(?:\.[\w-]+)*:\d{1,5}(?:\/[\w./-]*)?$/i,
  /^[\w-]+(?:\.[\w-]+){1,8}$/,
  /^[\w.+-]+@[\w-]+(?:\.[\w-]+)+$/,
  /^[\w.*:/-]+(?:[,;] ?[\w.*:/-]+){1,30}$/,
  /^[A-Za-z_]+\/[A-Za-z_]+$/,
  /^[*0-9/,-]+(?: [*0-9/,-]+){4}$/,
];

const filePath = /^(?:(?:\.{1,2}|~)?\/)?(?:[\w.@-]+\/)+[\w@-]+\.[a-z]{2,5}$/i;

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

function urlKind(value: string): "credentials" | "plain" | undefined {
  if (!/^[a-z][a-z0-9+.-]{1,20}:\/\/\S+$/i.test(value)) return undefined;
  const [, authority = "", rest = ""] = /^[^:]+:\/\/([^/?#]*)(.*)$/s.exec(value) ?? [];
  if (/[^:@]*:[^@]+@/.test(authority)) return "credentials";
  const user = authority.includes("@") ? authority.slice(0, authority.lastIndexOf("@")) : "";
  if (looksRandom(user) || looksRandom(rest)) return "credentials";
  if (/[?&;#](?:[\w-]*(?:key|token|secret|sig|signature|password|pwd|pass|auth|code))=[^&]+/i.test(rest)) return "credentials";
  return "plain";
}

/** Rules that name a provider or a structure; the two general ones would repeat here what name and chance say below. */
function ruleIn(value: string): string | undefined {
  return scanByRules(new TextEncoder().encode(value.slice(0, 65_536))).find((hit) => hit.rule !== "secret-assignment")?.rule;
}

/** The name has a prefix that makes build tools put the value into a browser bundle. */
export function isPublic(name: string): boolean {
  return publicPrefix.test(name);
}

export function classify(name: string, value: string): Classified {
  const answer = (kind: Classified["class"], why: string, confidence: Classified["confidence"]): Classified => {
    return { class: kind, why, confidence };
  };
  if (value === "") return answer("setting", "empty", "sure");
  if (/^(?:zvault|op|vault|aws-sm|gcp-sm):\/\//.test(value) || /\$\{zvault:/.test(value))
    return answer("setting", "a reference", "sure");
  const rule = ruleIn(value);
  if (rule !== undefined) return answer("secret", `looks like ${rule}`, "sure");
  const url = urlKind(value);
  if (url === "credentials") return answer("secret", "a URL with credentials", "sure");
  if (isPublic(name)) return answer("setting", "public by its prefix", "likely");
  if (url === "plain") return answer("setting", "a URL without credentials", "likely");

  const parts = words(name);
  const last = parts.at(-1) ?? "";
  const named = parts.some((word) => secretWords.has(word) || secretEnd.test(word));
  const about = named && parts.length > 1 && aboutWords.has(last) && !secretWords.has(last);
  const random = looksRandom(value);
  if (/^(?:true|false|yes|no|on|off)$/i.test(value)) return answer("setting", "a switch", "sure");
  if (parts.some((word) => word === "public" || word === "publishable") && parts.includes("key")) {
    return answer("setting", "a public key by its name", "likely");
  }
  if (named && !random && filePath.test(value)) return answer("setting", "a path", "likely");
  if (/^(?:\d{1,9}|\d+\.\d+)$/.test(value) && parts.some((word) => aboutWords.has(word)))
    return answer("setting", "a number", "likely");
  const keyId = last === "id" && parts.includes("key"); // AWS_ACCESS_KEY_ID goes with its secret
  if (named && (!about || random || keyId)) return answer("secret", "by its name", about || keyId ? "doubt" : "likely");
  if (random && last !== "id" && last !== "version" && last !== "sha") return answer("secret", "looks random", "likely");
  if (last === "id" && uuid.test(value)) return answer("setting", "an id", "likely");
  if (plainShapes.some((shape) => shape.test(value))) return answer("setting", "plain text", "likely");
  if (parts.some((word) => settingWords.has(word)) && !random) return answer("setting", "by its name", "likely");
  return answer("secret", "in doubt", "doubt");
}
